"""The `Channel` port for a company's desks: a thin shell over the doorbell, pulling and sending."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import blake2b
from time import time

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._reading import MOST_NAME, NOBODY, Json, called, objects, read_one, text
from bot.channels._strangers import IsPublic, Strangers, is_public
from bot.channels._tokens import SharedToken
from bot.channels._weixin import Gate, Sealing, word
from bot.channels._weixin_calls import Calls, token_of
from bot.channels.wecom.events import Reader
from bot.channels.wecom.meanings import STALE, CredentialRefused, meant, meant_of_token
from bot.channels.wecom.pulling import Puller, Sleep
from bot.channels.wecom.sending import Sender
from bot.channels.wecom.settings import CAPABILITIES, Settings
from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, ConfigError, ParleyError
from bot.core.message import Allowance, FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, FileStream, HookAnswer, HookRequest, Occasion, Profile, Sent

log = logging.getLogger(__name__)

#: By what WeCom tells links of ours from those of the console.
SCENE = "parley"
MOST_LINK = 1000

#: Seconds that the start of everything else may wait for WeCom.
FIRST_TRY = 5.0
DOORBELL = "kf_msg_or_event"
#: Session states: in the pool where people wait for a person, with one, and over.
WAITING, WITH_PERSON, ENDED = 2, 3, 4
#: Of the settings: whoever takes people from the pool.
POOL = "pool"


class WeCom(HttpChannel):
    """One company. `now` is seconds since 1970; `timeout` is seconds for a call; `sleep` waits between tries."""

    def __init__(
        self,
        settings: Settings,
        around: Around,
        *,
        timeout: float = 15.0,
        now: Callable[[], float] = time,
        sleep: Sleep = asyncio.sleep,
        allows: IsPublic = is_public,
    ) -> None:
        super().__init__(around, _capabilities(settings), Api(settings.api_base, timeout=timeout, name="WeCom"))
        self._settings = settings
        self._gate = Gate(
            settings.token.reveal(), Sealing(settings.aes_keys, settings.corp_id), settings.stale_after, now
        )
        self._token = SharedToken(around, self._new_token)
        self._calls = Calls(self._api, self._token, meant, STALE, Strangers(allows))
        self._sender = Sender(self._calls, around.open_file, settings.text_bytes)
        reader = Reader(self.account, Allowance(settings.welcome_seconds, 1))
        self._puller = Puller(reader, self._calls, around.notes, settings.desks, settings.poll_seconds, sleep)
        self._pulling: asyncio.Task[None] | None = None

    async def whoami(self) -> str:
        """What the desks are called. Raises `ParleyError`."""
        return ", ".join((await self._puller.names()).values()) or self._settings.corp_id

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """A link to the first desk. Raises `ParleyError`. https://developer.work.weixin.qq.com/document/path/94665"""
        desks = await self._puller.desks()
        if not desks:
            return ""
        asked = {"open_kfid": desks[0], "scene": SCENE}
        url = text(await self._calls.post("/cgi-bin/kf/add_contact_way", asked), "url", MOST_LINK)
        return f"{url}{'&' if '?' in url else '?'}scene_param={data}" if url else ""

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the call is WeCom's, and of now."""
        if request.method == "POST":
            self._gate.check_post(request)
        else:
            self._gate.check(request, "msg_signature", _echo(request))

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """Open what WeCom sealed when the address is set. Raises `BadInput`."""
        if request.method == "POST" or not (echo := _echo(request)):
            return None
        return HookAnswer(body=self._gate.opened(echo))

    def parse(self, body: bytes) -> list[Inbound]:
        """A doorbell is remembered, and says nothing by itself; another event is `unknown`. Raises `BadInput`."""
        event = self._gate.event(body)
        if not word(event, "Event"):
            raise BadInput("Event is missing")
        return read_one(self.account, event, lambda event: self._heard(event, body))

    def _heard(self, event: Json, body: bytes) -> list[Inbound]:
        name = word(event, "Event", MOST_NAME)
        if name != DOORBELL:
            key = "h:" + blake2b(body, digest_size=20).hexdigest()
            return [Inbound(self.account, key, NOBODY, "unknown", data=name, native=event)]
        desk = word(event, "OpenKfId", MOST_NAME)
        if not desk:
            raise BadInput("OpenKfId is missing")
        self._puller.ring(desk, word(event, "Token", 1024))
        return []

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:  # noqa: ARG002 - there is no reply this way
        """What makes WeCom stop asking."""
        return HookAnswer(body=b"success")

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire, as a welcome where the person only came. Raises as `Channel.send`.

        Its messages have ids made of `key`: WeCom takes none of them twice.
        """
        return await self._sender.send(recipient, wire, key, occasion.token, in_window=occasion.in_window)

    async def hand_over(self, recipient: str) -> bool:
        """Give the session to who serves people in WeCom, as the settings say. Raises as `send`.

        One that waits for a person there, or is with one, stays so. One that has ended begins with the next message,
        and until then nobody has it.
        """
        customer, _, desk = recipient.rpartition("@")
        asked: Json = {"open_kfid": desk, "external_userid": customer}
        state = (await self._calls.post("/cgi-bin/kf/service_state/get", asked)).get("service_state")
        if state in (WAITING, WITH_PERSON):
            return True
        if state == ENDED:
            return False
        who = self._settings.staff
        person = {"service_state": WITH_PERSON, "servicer_userid": who}
        await self._calls.post(
            "/cgi-bin/kf/service_state/trans", asked | ({"service_state": WAITING} if who == POOL else person)
        )
        return True

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file, which WeCom keeps for three days. Raises `ChannelUnavailable` or `FileMissing`."""
        return await self._calls.media(file.ref)

    async def profile(self, recipient: str) -> Profile:
        """The name; WeCom tells no language. Raises as `send`."""
        asked = {"external_userid_list": [recipient.rpartition("@")[0]]}
        told = await self._calls.post("/cgi-bin/kf/customer/batchget", asked)
        try:
            return Profile(next((called(one, "nickname") for one in objects(told, "customer_list")), ""))
        except BadInput:
            return Profile()

    async def start(self, accept: Accept) -> None:
        """See that WeCom takes our secret, and begin to pull. Raises `ConfigError` where it does not."""
        try:
            async with asyncio.timeout(FIRST_TRY):
                await self._token.get()
        except CredentialRefused as error:
            raise ConfigError(f"[{self.account}] corp_id, secret: {error}") from None
        except (ParleyError, TimeoutError) as error:
            facts = {"action": "wecom.start", "account": self.account, "error": type(error).__name__}
            log.warning("wecom.start: %s", error, extra=facts)
        self._pulling = asyncio.create_task(self._puller.run(accept))

    async def stop(self) -> None:
        """Stop pulling and close connections; what was kept and not passed comes again and is a duplicate."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)
            self._pulling = None
        await self._calls.close()
        await super().stop()

    async def _new_token(self) -> tuple[str, float]:
        """Asked for again, it is the same one until it ends."""
        query = {"corpid": self._settings.corp_id, "corpsecret": self._settings.secret.reveal()}
        return token_of(await self._api.call("GET", "/cgi-bin/gettoken", query=query), meant_of_token)


def _echo(request: HookRequest) -> str:
    """Base64 has no spaces: what looks like one was a "+" that somebody decoded."""
    return request.query.get("echostr", "").replace(" ", "+")


def _capabilities(settings: Settings) -> Capabilities:
    return replace(
        CAPABILITIES,
        text_limit=settings.text_bytes,
        reply_window=timedelta(hours=settings.reply_hours),
        reply_quota=settings.reply_quota,
        hands_over=bool(settings.staff),
    )
