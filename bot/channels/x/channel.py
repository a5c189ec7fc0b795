"""The `Channel` port for one account of X."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from base64 import b64encode
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._http import Api
from bot.channels._reading import Json
from bot.channels._steps import Left
from bot.channels._strangers import IsPublic, Strangers, is_public
from bot.channels.x.events import read_events
from bot.channels.x.media import PREPARED, Sleep, Uploads
from bot.channels.x.oauth import signer
from bot.channels.x.settings import CAPABILITIES, Settings
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ConfigError,
    ParleyError,
    Unauthorised,
    Unreachable,
)
from bot.core.message import FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, FileStream, HookAnswer, HookRequest, Occasion, Sent
from bot.http import Answer

log = logging.getLogger(__name__)

#: Seconds that the start of everything else may wait for X.
FIRST_TRY = 5.0
#: Seconds until an operator may have mended what X refuses, or paid.
MENDED, PAID = 60.0, 300.0
MOST_REMEMBERED = 4096
#: What may be signed for whoever asks. It is what signs webhooks too: with a brace in it, anybody could get an event
#: of his own signed.
_CRC = re.compile(r"[A-Za-z0-9+/=_-]{1,256}")
#: Ends of a problem's `type` that are about the app, and not about whom it writes to.
_OURS = ("oauth1-permissions", "client-forbidden", "unsupported-authentication", "usage-capped", "not-authorized")


class Refused(ChannelUnavailable):
    """X does not take the account's keys."""


@dataclass(slots=True)
class Progress:
    """How far a wire has come, and which of its files X has."""

    left: Left = field(default_factory=Left)
    media: dict[int, str] = field(default_factory=dict)


class XChannel(HttpChannel):
    """One account. `timeout` is seconds for a call; `allows` and `sleep` are there for tests."""

    def __init__(
        self,
        settings: Settings,
        around: Around,
        *,
        timeout: float = 15.0,
        allows: IsPublic = is_public,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(around, CAPABILITIES, Api(settings.api_base, timeout=timeout, name="X"))
        self._cure = settings.cure
        self._own = settings.own_id
        self._secret = settings.consumer_secret.reveal().encode()
        self._base = settings.api_base.rstrip("/")
        self._media_hosts = frozenset(settings.media_hosts)
        self._sign = signer(settings)
        self._strangers = Strangers(allows)
        self._uploads = Uploads(self._call, around.open_file, sleep)
        self._progress: OrderedDict[str, Progress] = OrderedDict()

    async def whoami(self) -> str:
        """The account's name. Raises `ParleyError`."""
        me = (await self._call("GET", "/2/users/me")).get("data")
        return f"@{me.get('username')}" if isinstance(me, dict) else self.account

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """X brings no data, so the words stand ready: https://developer.x.com/en/docs/x-for-websites/dm-button."""
        return f"https://x.com/messages/compose?recipient_id={self._own}&text={quote(words, safe='')}"

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless X signed the call, or checks our signature with one that is safe to sign."""
        if request.method == "GET" and _CRC.fullmatch(request.query.get("crc_token", "")):
            return
        told = request.headers.get("x-twitter-webhooks-signature", "")
        # As bytes: comparing texts raises for anything that is not ASCII.
        if not self._secret or not hmac.compare_digest(
            told.encode("utf-8", "surrogateescape"), self._signature(request.body)
        ):
            raise Unauthorised("wrong or missing x-twitter-webhooks-signature")

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """Answer X's check, which comes every hour or so."""
        if request.method != "GET" or "crc_token" not in request.query:
            return None
        signature = self._signature(request.query["crc_token"].encode())
        body = orjson.dumps({"response_token": signature.decode()})
        return HookAnswer(body=body, content_type="application/json")

    def parse(self, body: bytes) -> list[Inbound]:
        """The inbounds of one call. Raises `BadInput`."""
        return read_events(self.account, self._own, body)

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:  # noqa: ARG002 - X has no windows
        """Send one wire, a message a file. Raises `ChannelUnavailable`, `Unreachable` or `BadInput`.

        A wire of several messages, tried again under its `key`, goes on where it failed. A message whose answer was
        lost is sent again: X has no key to know it by.
        """
        if not wire.files and not wire.text.strip():
            raise BadInput("a message of X needs a text or a file")
        if len(wire.text) > CAPABILITIES.text_limit:
            raise BadInput(f"a message of X has at most {CAPABILITIES.text_limit} characters")
        progress = self._progress.setdefault(key, Progress())
        self._progress.move_to_end(key)
        if len(self._progress) > MOST_REMEMBERED:
            self._progress.popitem(last=False)
        path = f"/2/dm_conversations/with/{quote(recipient, safe='')}/messages"
        for number in range(len(progress.left.ids), max(1, len(wire.files))):
            said: Json = {"text": wire.text} if wire.text.strip() and number == 0 else {}
            if wire.files:
                file = wire.files[number]
                media = progress.media.get(number) or await self._uploads.give(file)
                progress.media[number] = media
                if file.media_type in PREPARED:
                    await self._uploads.is_prepared(media)
                said["attachments"] = [{"media_id": media}]
            progress.left.add(_event(await self._call("POST", path, json=said)))
        return progress.left.sent

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file. Raises `ChannelUnavailable` or `FileMissing`."""
        stream = await self._strangers.open(file.ref, self._access(file.ref))
        return replace(stream, name=file.name, media_type=file.media_type or stream.media_type)

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - the webhook is registered once, at X
        """Ask who we are. Raises `ConfigError` for keys that X does not take."""
        try:
            async with asyncio.timeout(FIRST_TRY):
                log.info("x.ready", extra={"action": "x.ready", "account": self.account, "user": await self.whoami()})
        except (Refused, BadInput) as error:
            raise ConfigError(f"[{self.account}] keys: {error}; {self._cure}.") from None
        except (ParleyError, TimeoutError) as error:
            facts = {"action": "x.start", "account": self.account, "error": type(error).__name__}
            log.warning("x.start: %s", error, extra=facts)

    async def stop(self) -> None:
        """Close connections."""
        await super().stop()
        await self._strangers.close()

    def _signature(self, content: bytes) -> bytes:
        return b"sha256=" + b64encode(hmac.digest(self._secret, content, sha256))

    def _access(self, address: str) -> dict[str, str] | None:
        """Our signature, for X's own servers alone."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        ours = parts.hostname in self._media_hosts and parts.scheme == urlsplit(self._base).scheme
        return {"Authorization": self._sign("GET", address)} if ours else None

    async def _call(self, method: str, path: str, **what: Any) -> Json:
        headers = {"Authorization": self._sign(method, self._base + path)}
        answer = await self._api.call(method, path, headers=headers, **what)
        if answer.status < 300:
            return answer.json() if answer.body else {}
        raise _meant(answer)


def _event(said: Json) -> str:
    data = said.get("data")
    found = data.get("dm_event_id") if isinstance(data, dict) else None
    if not isinstance(found, str) or not found:
        raise ChannelUnavailable("X answered what cannot be read")
    return found


def _meant(answer: Answer) -> ParleyError:
    """X's words are not told: they may hold ours."""
    kind = str(answer.json().get("type", "")).rpartition("/")[2]
    ours = kind in _OURS
    if answer.status == 401 or (answer.status == 403 and ours):
        return Refused(
            f"X does not take the account's keys, or they may not write messages ({answer.status})", after=MENDED
        )
    if answer.status == 402:
        return AccountWaits("X wants to be paid first (402)", after=PAID)
    if answer.status in (403, 404):
        return Unreachable(f"X: this person takes no messages of ours ({answer.status})")
    return BadInput(f"X refused it: {answer.status}" + (f" ({kind})" if re.fullmatch(r"[a-z0-9-]{1,40}", kind) else ""))
