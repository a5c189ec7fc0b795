"""The `Channel` port for one account of Weibo.

The signature of a call does not cover its body: whoever could read one could post another one for as long as it is
fresh. The address of the hook must be https, and the window of `stale_after` small.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import PurePath
from time import time
from urllib.parse import quote

import orjson

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._menu import menu
from bot.channels._reading import Json, called
from bot.channels._steps import Step, Steps
from bot.channels._weixin import signature, to_xml
from bot.channels.weibo.events import read, told
from bot.channels.weibo.settings import Settings
from bot.core.capabilities import Capabilities
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ConfigError,
    FileMissing,
    ParleyError,
    Unauthorised,
    Unshown,
    WindowClosed,
)
from bot.core.message import Attachment, FileRef, Inbound, Wire
from bot.core.ports import (
    ORDINARY,
    Accept,
    FileStream,
    HookAnswer,
    HookRequest,
    Occasion,
    Profile,
    Sent,
    no_address,
)
from bot.http import Answer

log = logging.getLogger(__name__)

#: Characters of what stands above a picture, and what stands there where it has no name.
MOST_TITLE, UNNAMED = 60, "🖼"
#: Seconds that the start of everything else may wait for Weibo.
FIRST_TRY = 5.0
#: How often Weibo posts what was not answered: of use where the answer can go no other way.
TRIES = 3
#: Seconds until an operator may have renewed the token, and where Weibo counts by the hour.
RENEWED, LIMITED = 60.0, 300.0

#: open.weibo.com/wiki/Error_code: the token is none, not ours, or has ended.
TOKEN = frozenset({10006, 21301, 21314, 21315, 21316, 21317, 21319, 21327, 21332})
#: It is answered already, or may not be any more, or never.
WINDOW = frozenset({26403})
LIMIT = frozenset({10022, 10023, 10024})
#: Weibo's own trouble.
AGAIN = frozenset({10001, 10002, 10009, 10010, 10011})


class TokenRefused(ChannelUnavailable):
    """Weibo does not take the access token; there is no other to be had by a call."""


class WeiboChannel(HttpChannel):
    """One account. `now` is seconds since 1970; `timeout` is seconds for a call."""

    def __init__(
        self, settings: Settings, around: Around, *, timeout: float = 15.0, now: Callable[[], float] = time
    ) -> None:
        super().__init__(around, _capabilities(settings, around), Api(settings.api_base, timeout=timeout, name="Weibo"))
        self._settings = settings
        self._users = Api(settings.user_base, timeout=timeout, name="Weibo")
        self._media = Api(settings.media_base, timeout=timeout, name="Weibo")
        self._secret = settings.app_secret.reveal()
        self._token = settings.access_token.reveal()
        self._now = now
        self._steps = Steps()
        self.holds = settings.holds
        self.tries = 1 if self._token else TRIES

    async def whoami(self) -> str:
        """The account's number, once Weibo took its token; "" without one. Raises `ParleyError`."""
        if not self._token:
            return ""
        uid = (await self._ask("/2/account/get_uid.json")).get("uid")
        return str(uid or self.account)

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the query is signed, now."""
        stamp, nonce = request.query.get("timestamp", ""), request.query.get("nonce", "")
        ours = signature(self._secret, stamp, nonce).encode()
        # As bytes: comparing texts raises for anything that is not ASCII.
        given = request.query.get("signature", "").encode("utf-8", "surrogateescape")
        if not self._secret or not hmac.compare_digest(given, ours):
            raise Unauthorised("wrong or missing signature")
        is_stamp = re.fullmatch(r"[0-9]{1,15}", stamp) is not None
        if not is_stamp or abs(self._now() - int(stamp) / 1000) > self._settings.stale_after:
            raise Unauthorised("the call is not of now")

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """Echo what Weibo asks for when the address is set."""
        if request.method == "POST" or "echostr" not in request.query:
            return None
        return HookAnswer(body=request.query["echostr"].encode("utf-8", "replace"))

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbound of one call. Raises `BadInput`."""
        return read(self.account, body)

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:
        """The passive reply in the form of the call; nothing at all means that it was taken."""
        if not said:
            return HookAnswer()
        event, words = told(request.body), str(orjson.loads(said)["text"])
        if request.body.lstrip()[:1] == b"<":
            fields: dict[str, str | int | Json] = {
                "ToUserName": event.sender,
                "FromUserName": event.home,
                "CreateTime": int(self._now()),
                "MsgType": "text",
                "Content": words,
            }
            return HookAnswer(body=to_xml(fields), content_type="application/xml")
        reply = {
            "result": True,
            "sender_id": int(event.home),
            "receiver_id": int(event.sender),
            "type": "text",
            "data": quote(orjson.dumps({"text": words}), safe=""),
        }
        return HookAnswer(body=orjson.dumps(reply), content_type="application/json")

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send pictures and a text, which alone goes into an open call of this person. Raises as `Channel.send`.

        Weibo takes no key: a call whose answer was lost is made again.
        """
        has_words = bool(wire.text.strip())
        if not has_words and not wire.files:
            raise BadInput("a message of Weibo needs a text or a picture")
        if len(wire.text) > self.capabilities.text_limit:
            raise BadInput(f"a message of Weibo has at most {self.capabilities.text_limit} characters")
        said = {"text": wire.text}
        if not wire.files and await self._around.calls.give(recipient, key, orjson.dumps(said)):
            return Sent(messages=0)
        steps: list[Step] = [partial(self._picture, recipient, file, occasion) for file in wire.files]
        if has_words:
            steps.append(partial(self._reply, recipient, "text", said, occasion))
        return await self._steps.take(key, steps)

    async def _picture(self, recipient: str, file: Attachment, occasion: Occasion) -> str:
        """As an article, which leads to the picture itself: what is read later must still be there.

        `Unshown` where Weibo refuses it: the documentation of articles is old, and an address it takes for certain.
        """
        if file.kind != "image":
            raise Unshown("Weibo shows pictures")
        address, name = self._around.given(file), PurePath(file.name).stem[:MOST_TITLE] or UNNAMED
        article = {"display_name": name, "summary": name, "image": address, "url": address}
        try:
            return await self._reply(recipient, "articles", {"articles": [article]}, occasion)
        except BadInput as error:
            raise Unshown(str(error)) from None

    async def _reply(self, recipient: str, kind: str, said: Json, occasion: Occasion) -> str:
        """Weibo gives no id of what was sent."""
        if not self._token:
            raise WindowClosed("this account answers within a call only, and none is open")
        if not occasion.in_window:
            raise WindowClosed("the person has to write first")
        form = {"type": kind, "data": orjson.dumps(said).decode(), "receiver_id": recipient, "save_sender_box": "1"}
        await self._tell(self._settings.reply_path, form)
        return ""

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's picture or voice. Raises `ChannelUnavailable` or `FileMissing`."""
        if not self._token or not re.fullmatch(r"[0-9]{1,20}", file.ref):
            raise FileMissing(file.ref)
        query = {"access_token": self._token, "fid": file.ref}
        stream = await self._media.download("/2/mss/msget", query=query)
        return replace(stream, name=file.name, media_type=file.media_type)

    async def profile(self, recipient: str) -> Profile:
        """Name and language of who follows the account; Weibo tells nothing of others. Raises as `send`.

        open.weibo.com/wiki/获取用户基本信息
        """
        if not self._token:
            return Profile()
        found = await self._ask("/2/eps/user/info.json", uid=recipient)
        return Profile(called(found, "nickname"), called(found, "language").replace("_", "-"))

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - it hears by webhook
        """See that Weibo takes our token, and keep the account's menu. Raises `ConfigError` where it does not."""
        if not self._token:
            return
        try:
            async with asyncio.timeout(FIRST_TRY):
                log.info("weibo.ready", extra={"action": "weibo.ready", "uid": await self.whoami()})
                await self._keep_menu()
        except TokenRefused as error:
            raise ConfigError(f"[{self.account}] access_token: {error}; {self._settings.cure}.") from None
        except (ParleyError, TimeoutError) as error:
            facts = {"action": "weibo.start", "account": self.account, "error": type(error).__name__}
            log.warning("weibo.start: %s", error, extra=facts)

    async def stop(self) -> None:
        """Close connections."""
        await super().stop()
        await self._users.close()
        await self._media.close()

    async def _keep_menu(self) -> None:
        offered = self._around.offered(self.capabilities.language)
        if not self._settings.menu or not offered:
            return
        body = orjson.dumps(menu(offered))
        note, digest = f"{self.account}:menu", blake2b(body, digest_size=16).hexdigest()
        if await self._around.notes.get(note) != digest:
            await self._tell("/2/messages/menu/create.json", {"menus": body.decode()})
            await self._around.notes.put(note, digest)

    async def _ask(self, path: str, **query: str) -> Json:
        return _taken(await self._users.call("GET", path, query={"access_token": self._token, **query}))

    async def _tell(self, path: str, form: dict[str, str]) -> None:
        _taken(await self._api.call("POST", path, form={"access_token": self._token, **form}))


def _capabilities(settings: Settings, around: Around) -> Capabilities:
    """Weibo loads pictures from their addresses: without one there is none."""
    limits = settings.capabilities()
    return replace(limits, images=limits.images and around.given is not no_address)


def _taken(answer: Answer) -> Json:
    said = answer.json()
    code = said.get("error_code")
    if code or answer.status >= 300 or said.get("result") is False:
        raise _meant(code if type(code) is int else 0, answer.status)
    return said


def _meant(code: int, status: int) -> ParleyError:
    """Weibo's words are not told: they name the request."""
    if code in TOKEN or status == 401:
        return TokenRefused(f"Weibo does not take the access token ({code})", after=RENEWED)
    if code in WINDOW:
        return WindowClosed(f"Weibo: there is nothing that may be answered now ({code})")
    if code in LIMIT:
        return AccountWaits(f"Weibo: too many calls ({code})", after=LIMITED, told=True)
    if code in AGAIN:
        return ChannelUnavailable(f"Weibo is in trouble ({code})")
    return BadInput(f"Weibo refused it: {status} ({code})")
