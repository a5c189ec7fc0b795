"""The `Channel` port for one official account: a thin shell over reading, answering and sending."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from time import time

import orjson

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._menu import menu
from bot.channels._reading import Json, called, text
from bot.channels._strangers import IsPublic, Strangers, is_public
from bot.channels._tokens import SharedToken
from bot.channels._weixin import Gate, Sealing, word
from bot.channels._weixin_calls import Calls, token_of
from bot.channels.wechat.events import Reader
from bot.channels.wechat.meanings import STALE, CredentialRefused, meant, meant_of_token
from bot.channels.wechat.sending import Sender
from bot.channels.wechat.settings import CAPABILITIES, Settings
from bot.core.capabilities import Capabilities
from bot.core.errors import ConfigError, FileMissing, ParleyError, WindowClosed
from bot.core.message import Allowance, FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, FileStream, HookAnswer, HookRequest, Occasion, Profile, Sent

log = logging.getLogger(__name__)

#: Seconds that a code to scan is good.
SCENE_SECONDS = 600
MOST_LINK = 1000
SUCCESS = HookAnswer(body=b"success")
#: How often WeChat posts an event that is not answered.
TRIES = 3
#: Seconds that the start of everything else may wait for WeChat, and until the next try.
FIRST_TRY, AGAIN = 5.0, 60.0


class WeChat(HttpChannel):
    """One account. `now` is seconds since 1970; `timeout` is seconds for a call."""

    def __init__(
        self,
        settings: Settings,
        around: Around,
        *,
        timeout: float = 15.0,
        now: Callable[[], float] = time,
        allows: IsPublic = is_public,
    ) -> None:
        super().__init__(around, _capabilities(settings), Api(settings.api_base, timeout=timeout, name="WeChat"))
        self._settings = settings
        sealing = Sealing(settings.aes_keys, settings.app_id) if settings.aes_keys else None
        self._gate = Gate(settings.token.reveal(), sealing, settings.stale_after, now)
        self._reader = Reader(self.account, Allowance(settings.event_seconds, settings.event_quota), not settings.api)
        self._token = SharedToken(around, self._new_token, renew=self._renewed_token)
        self._strangers = Strangers(allows)
        self._calls = Calls(self._api, self._token, meant, STALE, self._strangers)
        self._sender = Sender(self._calls, around.open_file, settings.text_bytes)
        self._starting: asyncio.Task[None] | None = None
        self.holds = settings.holds
        # Where there is no other way to answer, the calls before the last one stay unanswered, and are made again.
        self.tries = 1 if settings.api else TRIES

    async def whoami(self) -> str:
        """The AppID, once WeChat took its secret; "" without the API. Raises `ChannelUnavailable`."""
        if not self._settings.api:
            return ""
        await self._calls.get("/cgi-bin/getcallbackip")
        return self._settings.app_id

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """What a code to scan says, for as long as our codes are good; "" without the API. Raises `ParleyError`.

        https://developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html
        """
        if not self._settings.api:
            return ""
        scene = {"scene": {"scene_str": data}}
        asked = {"expire_seconds": SCENE_SECONDS, "action_name": "QR_STR_SCENE", "action_info": scene}
        return text(await self._calls.post("/cgi-bin/qrcode/create", asked), "url", MOST_LINK)

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the call is WeChat's, and of now."""
        if request.method == "POST":
            self._gate.check_post(request)
        else:
            self._gate.check(request, "signature")

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """Echo what WeChat asks for when the address is set; it is in plain in every mode."""
        if request.method == "POST" or "echostr" not in request.query:
            return None
        return HookAnswer(body=request.query["echostr"].encode("utf-8", "replace"))

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbound of one push. Raises `BadInput`."""
        return self._reader.read(self._gate.event(body))

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:
        """The passive reply, addressed back and sealed as the call was; else "success", which is never sealed."""
        if not said:
            return SUCCESS
        event = self._gate.event(request.body)
        reply: dict[str, str | int | Json] = {
            "ToUserName": word(event, "FromUserName"),
            "FromUserName": word(event, "ToUserName"),
            "CreateTime": int(self._gate.now()),
            **orjson.loads(said),
        }
        is_xml = request.body.lstrip()[:1] == b"<"
        body = self._gate.said(reply, request.body, request.query.get("nonce", ""))
        return HookAnswer(body=body, content_type="application/xml" if is_xml else "application/json")

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire, in an open call of this person where it can carry it. Raises as `Channel.send`.

        WeChat gives no id of what was sent, and takes no key: a call whose answer was lost is made again.
        """
        said = await self._passively(wire)
        if said and await self._around.calls.give(recipient, key, said):
            return Sent(messages=0)
        if not self._settings.api:
            raise WindowClosed("this account answers within a call only, and none is open")
        if not occasion.in_window:
            raise WindowClosed("the person has to write first")
        return await self._sender.send(recipient, wire, key)

    async def _passively(self, wire: Wire) -> bytes:
        """What an open call can carry: one text, or one picture; b"" for what it cannot."""
        if wire.rows or (wire.files and (wire.text or len(wire.files) > 1)):
            return b""
        if not wire.files:
            return orjson.dumps({"MsgType": "text", "Content": self._sender.words(wire)["text"]["content"]})
        if not self._settings.api or wire.files[0].kind != "image" or wire.files[0].media_type == "image/gif":
            return b""  # what moves or sounds goes the other way, which tells whether it was taken
        return orjson.dumps({"MsgType": "image", "Image": {"MediaId": await self._sender.media_id(wire.files[0])}})

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file, which WeChat keeps for three days. Raises `ChannelUnavailable` or `FileMissing`."""
        if self._settings.api:
            return await self._calls.media(file.ref)
        if not file.ref.startswith(("http://", "https://")):
            raise FileMissing("an account without the API is given pictures only")
        return await self._strangers.open(file.ref)

    async def profile(self, recipient: str) -> Profile:
        """The language; WeChat tells no names any more. Raises as `send`."""
        if not self._settings.api:
            return Profile()
        told = await self._calls.get("/cgi-bin/user/info", {"openid": recipient, "lang": "en"})
        return Profile(called(told, "nickname"), called(told, "language").replace("_", "-"))

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:  # noqa: ARG002 - asks for none
        """Show that an answer is coming; never raises, it is only a courtesy."""
        if self._settings.api:
            with suppress(ParleyError):
                await self._calls.post("/cgi-bin/message/custom/typing", {"touser": recipient, "command": "Typing"})

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - it hears by webhook
        """See that WeChat takes our secret, and set the account's menu. Raises `ConfigError` where it does not.

        When WeChat cannot be reached, this is tried again in the background.
        """
        if not self._settings.api:
            return
        try:
            async with asyncio.timeout(FIRST_TRY):
                await self._prepare()
        except CredentialRefused as error:
            raise ConfigError(f"[{self.account}] app_id, secret: {error}") from None
        except (ParleyError, TimeoutError) as error:
            self._complain(error)
            self._starting = asyncio.create_task(self._prepare_later())

    async def stop(self) -> None:
        """Close connections."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._calls.close()
        await super().stop()

    async def _prepare(self) -> None:
        await self._token.get()
        body = menu(self._around.offered(self.capabilities.language))
        if not self._settings.menu or not body["button"]:
            return
        note, digest = f"{self.account}:menu", blake2b(orjson.dumps(body), digest_size=16).hexdigest()
        if await self._around.notes.get(note) != digest:
            await self._calls.post("/cgi-bin/menu/create", body)
            await self._around.notes.put(note, digest)

    async def _prepare_later(self) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            try:
                await self._prepare()
                return
            except ParleyError as error:
                self._complain(error)

    def _complain(self, error: Exception) -> None:
        facts = {"action": "wechat.start", "account": self.account, "error": type(error).__name__}
        log.warning("wechat.start: %s", error, extra=facts)

    async def _new_token(self) -> tuple[str, float]:
        """A stable token: asking for it again gives the same one, so that none of ours ends another's."""
        return await self._ask_token({})

    async def _renewed_token(self) -> tuple[str, float]:
        """Another one, which WeChat gives twenty times a day: it has ended the one before, and still tells it."""
        return await self._ask_token({"force_refresh": True})

    async def _ask_token(self, how: Json) -> tuple[str, float]:
        asked = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.secret.reveal(),
            **how,
        }
        return token_of(await self._api.call("POST", "/cgi-bin/stable_token", json=asked), meant_of_token)


def _capabilities(settings: Settings) -> Capabilities:
    """Without the customer-service API there is the answer in a call, and that is a text."""
    return replace(
        CAPABILITIES,
        buttons=CAPABILITIES.buttons if settings.api and settings.buttons else 0,
        images=settings.api,
        media=CAPABILITIES.media if settings.api else (),
        typing=settings.api,
        profiles=settings.api,
        text_limit=settings.text_bytes,
        reply_window=timedelta(hours=settings.reply_hours),
        reply_quota=settings.reply_quota,
    )
