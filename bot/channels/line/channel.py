"""The `Channel` port for one LINE official account: the reply token first, which is free, and push with a retry key."""

from __future__ import annotations

import asyncio
import hmac
import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from itertools import count
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from bot.channels import _playing
from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._reading import MOST_NAME, Json, called, objects, text
from bot.channels._steps import Recent, Step, Steps
from bot.channels._strangers import IsPublic, Strangers, is_public
from bot.channels.line.events import read_events
from bot.channels.line.messages import HEARD, messages
from bot.channels.line.settings import CAPABILITIES, Settings
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ConfigError,
    FileMissing,
    ParleyError,
    Unauthorised,
    Unreachable,
    WindowClosed,
)
from bot.core.message import Attachment, FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, FileStream, HookRequest, Occasion, Profile, Sent
from bot.http import WAIT, Answer

log = logging.getLogger(__name__)

MOST_MESSAGES = 5  # of one call
#: Seconds; the operator has to act first.
REFUSED_AGAIN_AFTER = 60.0
#: Seconds that the three dots are shown at most; a message ends them.
TYPING = 20
#: How often LINE is asked whether it has prepared a video, and how many seconds lie between.
LOOKS, LOOK = 4, 1.0
#: LINE's words, which are the only code it has.
_SPENT, _MONTH, _GONE = "Invalid reply token", "monthly limit", "Failed to send messages"

Sleep = Callable[[float], Awaitable[None]]


class TokenRefused(ChannelUnavailable):
    """401: at start a mistake in the configuration, later a token that was revoked."""


class TokenSpent(BadInput):
    """The reply token was used, or is too old."""


class LineChannel(HttpChannel):
    """One official account. `allows` and `sleep` are for tests, which have servers here and no time."""

    def __init__(
        self, settings: Settings, around: Around, *, allows: IsPublic = is_public, sleep: Sleep = asyncio.sleep
    ) -> None:
        super().__init__(around, CAPABILITIES, _api(settings.api_base, settings))
        self._files = _api(settings.data_base, settings)
        self._strangers = Strangers(allows)
        self._sleep = sleep
        self._secret = settings.channel_secret.reveal().encode()
        self._headers = {"Authorization": f"Bearer {settings.access_token.reveal()}"}
        self._reply_seconds = settings.reply_seconds
        self._steps = Steps()
        self._lengths: Recent[int, float] = Recent()  # of recordings, seconds
        self._doubtful: Recent[str, str] = Recent()  # by key: the token of a reply without an answer

    async def whoami(self) -> str:
        """The account's name. Raises `ParleyError`."""
        found = await self._call("GET", "/v2/bot/info")
        return f"{text(found, 'displayName', MOST_NAME)} ({text(found, 'basicId', MOST_NAME)})"

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """LINE brings no data, so the words stand ready. Raises `ParleyError`.

        https://developers.line.biz/en/docs/messaging-api/using-line-url-scheme/
        """
        own = text(await self._call("GET", "/v2/bot/info"), "basicId", MOST_NAME)
        return f"https://line.me/R/oaMessage/{quote(own, safe='')}/?{quote(words, safe='')}"

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless LINE signed the body."""
        right = b64encode(hmac.digest(self._secret, request.body, sha256))
        told = request.headers.get("x-line-signature", "").encode("utf-8", "surrogateescape")
        if not self._secret or not hmac.compare_digest(told, right):
            raise Unauthorised("wrong or missing X-Line-Signature")

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbounds of one body; none for the console's "Verify". Raises `BadInput`."""
        return read_events(self.account, body, self._reply_seconds)

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire, five messages a call. Raises as `Channel.send`.

        A push that is tried again under its `key` is the same one to LINE. A reply has no such key: where its answer
        was lost and its token is refused afterwards while it should be good, the reply was taken.
        """
        shown = messages(wire, self._around.link, self._around.preview, await self._playing(wire))
        steps: list[Step] = [
            partial(
                self._say,
                recipient,
                shown[start : start + MOST_MESSAGES],
                f"{key}:{start}",
                "" if start else occasion.token,
            )
            for start in range(0, len(shown), MOST_MESSAGES)
        ]
        return replace(await self._steps.take(key, steps), messages=1)  # of an act: its reply, pushes are of the month

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file. Raises `ChannelUnavailable` while LINE prepares it, or `FileMissing`."""
        if "://" in file.ref:
            return await self._strangers.open(file.ref)
        if not file.ref.isascii() or not file.ref.isalnum():
            raise FileMissing(file.ref)
        path = f"/v2/bot/message/{file.ref}/content"
        if file.kind in ("video", "audio"):
            await self._is_prepared(f"{path}/transcoding", file.ref)
        return await self._files.download(path, headers=self._headers)

    async def profile(self, recipient: str) -> Profile:
        """The name, and the language where the person lets it be known. Raises as `send`."""
        found = await self._call("GET", f"/v2/bot/profile/{quote(recipient, safe='')}")
        return Profile(called(found, "displayName"), called(found, "language"))

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:  # noqa: ARG002 - asks for none
        """Show three dots until the next message; never raises."""
        try:
            told = {"chatId": recipient, "loadingSeconds": TYPING}
            await self._call("POST", "/v2/bot/chat/loading/start", told)
        except ParleyError as error:
            facts = {"action": "line.typing", "account": self.account, "error": type(error).__name__}
            log.debug("line.typing", extra=facts)

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - the web side hears
        """Nothing is registered; a token that is refused is told now. Raises `ConfigError`."""
        try:
            await self.whoami()
        except TokenRefused:
            raise ConfigError(f"[{self.account}] access_token: LINE refuses it. {Settings.cure}.") from None
        except ParleyError as error:
            log.warning(
                "LINE does not answer yet",
                extra={"action": "line.start", "account": self.account, "error": type(error).__name__},
            )

    async def stop(self) -> None:
        """Close connections."""
        await self._files.close()
        await self._strangers.close()
        await super().stop()

    async def _playing(self, wire: Wire) -> dict[int, float]:
        """The seconds of recordings, which LINE wants to be told. Raises what reading them raised."""
        found: dict[int, float] = {}
        for file in wire.files:
            if file.media_type in HEARD:
                found[file.id] = await self._seconds(file)
        return found

    async def _seconds(self, file: Attachment) -> float:
        """Of a recording, which is read once; 0 where that cannot be told."""
        known = self._lengths.get(file.id)
        if known is None:
            known = await _playing.seconds(self._around.open_file(file), file.size) or 0.0
            self._lengths.put(file.id, known)
        return known

    async def _say(self, recipient: str, part: list[Json], key: str, token: str) -> str:
        if token:
            try:
                return await self._reply(part, key, token)
            except TokenSpent:
                if self._doubtful.get(key) == token:
                    return key
        retry = {"X-Line-Retry-Key": str(uuid5(NAMESPACE_URL, f"{self.account}:{key}"))}
        return _last(await self._call("POST", "/v2/bot/message/push", {"to": recipient, "messages": part}, retry), key)

    async def _reply(self, part: list[Json], key: str, token: str) -> str:
        try:
            said = await self._call("POST", "/v2/bot/message/reply", {"replyToken": token, "messages": part})
        except ChannelUnavailable as error:
            if not isinstance(error, AccountWaits | TokenRefused):
                self._doubtful.put(key, token)
            raise
        return _last(said, key)

    async def _is_prepared(self, path: str, ref: str) -> None:
        for look in count(1):
            found = _told(await self._files.call("GET", path, headers=self._headers), "file")
            status = text(found, "status", MOST_NAME)
            if status == "succeeded":
                return
            if status == "failed":
                raise FileMissing(ref)
            if look == LOOKS:
                raise ChannelUnavailable("LINE still prepares a file", after=LOOK * LOOKS)
            await self._sleep(LOOK)

    async def _call(self, method: str, path: str, json: Json | None = None, more: Json | None = None) -> Json:
        """What LINE answered. Raises as `Channel.send`."""
        answer = await self._api.call(method, path, json=json, headers=self._headers | (more or {}))
        return _told(answer, path)


def _api(base: str, settings: Settings) -> Api:
    return Api(base, timeout=settings.timeout, name="LINE", too_fast=_too_fast)


def _told(answer: Answer, path: str) -> Json:
    """The answer, or the error that it is; a push that was taken before (409) is an answer as well."""
    if answer.status in (200, 202, 409):
        return answer.json() if answer.body else {}
    if answer.status == 401:
        raise TokenRefused("LINE refuses the access token", after=REFUSED_AGAIN_AFTER)
    if answer.status == 404 and path == "file":
        raise FileMissing("LINE does not have it any more")
    said = answer.json()
    message, wrong = _said(said, "message"), [_said(one, "property") for one in _details(said)]
    if _SPENT in message:
        raise TokenSpent("the reply token is spent")
    if answer.status == 404 or message == _GONE or "'to'" in message or "to" in wrong:
        raise Unreachable(f"LINE does not reach this person ({answer.status})")
    raise BadInput(f"LINE refuses it ({answer.status}): {', '.join(filter(None, wrong)) or 'no property named'}")


def _details(said: Json) -> list[Json]:
    details = said.get("details")
    return [one for one in details if type(one) is dict] if type(details) is list else []


def _said(parent: Json, field: str) -> str:
    value = parent.get(field)
    return value[:MOST_NAME] if type(value) is str else ""


def _too_fast(answer: Answer) -> ParleyError:
    """429 is two things: the month's pushes are used up, while replies are free; or calls come too fast."""
    if _MONTH in answer.body.decode("utf-8", "replace"):
        return WindowClosed("the pushes of this month are used up; replies go on")
    return AccountWaits("LINE asks to wait", after=answer.retry_after or WAIT, told=True)


def _last(said: Json, key: str) -> str:
    """LINE's id of the last message; where a lost answer told it, our own."""
    try:
        sent = objects(said, "sentMessages")
        return (text(sent[-1], "id", MOST_NAME) if sent else "") or key
    except BadInput:
        raise ChannelUnavailable("LINE answered what cannot be read") from None
