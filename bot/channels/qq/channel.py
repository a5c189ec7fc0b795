"""The `Channel` port for one QQ bot: a thin shell over signing, reading and sending."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from bot.channels._account import Around
from bot.channels._channel import HttpChannel
from bot.channels._reading import text
from bot.channels._strangers import IsPublic, Strangers, is_public
from bot.channels.qq.client import Client, TokenRefused
from bot.channels.qq.events import GROUP, HEARTBEAT, op_of, read_events
from bot.channels.qq.sending import Chat, Sender, remember, reply
from bot.channels.qq.settings import Settings
from bot.channels.qq.signing import Signing
from bot.core.errors import BadInput, ChannelUnavailable, ConfigError, ParleyError
from bot.core.message import FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Accept, FileStream, HookAnswer, HookRequest, Occasion, Sent

log = logging.getLogger(__name__)

MOST_CALLBACK_DATA, MOST_LINK = 32, 1000

#: Seconds that the start of everything else may wait for QQ.
FIRST_TRY = 5.0
#: How long the sign of typing stays where nothing else is said, seconds.
TYPING = 10
#: Past this many unanswered taps the next ones spin until QQ gives up: nothing is lost.
MOST_ACKNOWLEDGING = 256
#: How long it is remembered that the bot has no buttons, seconds: it may be given them.
NO_BUTTONS_FOR = 7 * 86400.0


class QqChannel(HttpChannel):
    """One bot. `timeout` is seconds for a call; `allows` tells which addresses a customer's file may be at."""

    def __init__(
        self, settings: Settings, around: Around, *, timeout: float = 15.0, allows: IsPublic = is_public
    ) -> None:
        self._client = Client(settings, around, timeout)
        super().__init__(around, settings.capabilities(), self._client.api)
        self._cure = settings.cure
        self._group = settings.group_allowance()
        self._signing = Signing(settings.app_id, settings.secret.reveal(), settings.stale)
        self._sender = Sender(
            self._client, around.open_file, proactive=settings.proactive, buttons=bool(self.capabilities.buttons)
        )
        self._strangers = Strangers(allows)
        self._newest: OrderedDict[str, str] = OrderedDict()  # what the sign of typing is an answer to
        self._acknowledging: set[asyncio.Task[None]] = set()

    async def whoami(self) -> str:
        """The bot's name. Raises `ParleyError`."""
        me = await self._client.call("GET", "/users/@me")
        return str(me.get("username") or me.get("id") or self.account)

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """Brings the data of who adds the bot by it, at most 32 characters of it. Raises `ParleyError`.

        https://bot.q.qq.com/wiki/develop/api-v2/server-inter/message/link.html
        """
        if len(data) > MOST_CALLBACK_DATA:
            return ""
        made = await self._client.call("POST", "/v2/generate_url_link", {"callback_data": data})
        found = made.get("data")
        return text(found if isinstance(found, dict) else made, "url", MOST_LINK)

    def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless QQ signed the call, or asks for our signature."""
        self._signing.check(request)

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """Sign what QQ asks for when the webhook's address is set."""
        answer = self._signing.challenge(request)
        return None if answer is None else HookAnswer(body=answer, content_type="application/json")

    def parse(self, body: bytes) -> list[Inbound]:
        """The event of one call. Raises `BadInput`."""
        found = read_events(self.account, body, self._group)
        for inbound in found:
            if inbound.token:
                remember(self._newest, inbound.sender, inbound.token)
        return found

    def answer(self, request: HookRequest, said: bytes) -> HookAnswer:  # noqa: ARG002 - QQ's calls carry no reply
        """QQ is told that it was kept; a heartbeat is answered with one."""
        told: dict[str, Any] = {"op": 12, "d": 0}
        if op_of(request.body) == HEARTBEAT:
            told = {"op": 11}
        return HookAnswer(body=orjson.dumps(told), content_type="application/json")

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire. Raises `ChannelUnavailable`, `WindowClosed`, `Unreachable` or `BadInput`.

        A text is sent once, however often it is tried: QQ takes the number of an answer for it. What the bot sends
        unasked has none, and shows twice where an answer of QQ's was lost.
        """
        had = self._sender.buttons
        sent = await self._sender.send(recipient, wire, key, occasion)
        if had and not self._sender.buttons:
            await self._no_buttons()
        return sent

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file. Raises `ChannelUnavailable` or `FileMissing`."""
        stream = await self._strangers.open(file.ref)
        return replace(stream, name=file.name, media_type=file.media_type or stream.media_type)

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        """Show that an answer is coming, in private chats; never raises, it is only a courtesy."""
        if recipient.startswith(GROUP):
            return
        number = (to.token if to else "") or self._newest.get(
            recipient, ""
        )  # that of a call is the last one heard here
        shown = {"msg_type": 6, "input_notify": {"input_type": 1, "input_second": TYPING}}
        moment = f"typing:{asyncio.get_running_loop().time()}"
        call = self._client.call("POST", f"{Chat.of(recipient).path}/messages", shown | reply(number, moment))
        await self._courtesy(call, "qq.typing")

    async def acknowledge(self, inbound: Inbound) -> None:
        """Stop the spinner on a tapped button, without making the caller wait."""
        number = inbound.native.get("interaction_id")
        if isinstance(number, str) and number and len(self._acknowledging) < MOST_ACKNOWLEDGING:
            call = self._client.call("PUT", f"/interactions/{quote(number, safe='')}", {"code": 0})
            task = asyncio.create_task(self._courtesy(call, "qq.acknowledge"))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def start(self, accept: Accept) -> None:  # noqa: ARG002 - QQ is told our address at q.qq.com
        """Ask who we are. Raises `ConfigError` for a secret that QQ does not know."""
        if await self._around.notes.get(self._note):
            self._without_buttons()
        try:
            async with asyncio.timeout(FIRST_TRY):
                log.info("qq.ready", extra={"action": "qq.ready", "account": self.account, "bot": await self.whoami()})
        except (TokenRefused, BadInput) as error:
            raise ConfigError(f"[{self.account}] app_id, secret: {error}; {self._cure}.") from None
        except (ChannelUnavailable, TimeoutError) as error:
            facts = {"action": "qq.start", "account": self.account, "error": type(error).__name__}
            log.warning("qq.start: %s", error, extra=facts)

    async def stop(self) -> None:
        """Let the last taps be acknowledged, close connections."""
        if self._acknowledging:
            _, late = await asyncio.wait(self._acknowledging, timeout=1)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._client.close()
        await self._strangers.close()

    @property
    def _note(self) -> str:
        return f"{self.account}:no-buttons"

    async def _no_buttons(self) -> None:
        self._without_buttons()
        await self._around.notes.put(self._note, "refused", NO_BUTTONS_FOR)

    def _without_buttons(self) -> None:
        self._sender.buttons = False
        self.capabilities = replace(self.capabilities, buttons=0)

    async def _courtesy(self, call: Coroutine[Any, Any, object], action: str) -> None:
        try:
            await call
        except ParleyError as error:
            log.debug(action, extra={"action": action, "account": self.account, "error": type(error).__name__})
