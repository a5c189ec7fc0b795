"""Messenger and Instagram as channels: the same events, the same Send API, the same window."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.channels._account import Around
from bot.channels._meta.channel import USUAL, Circumstances, MetaChannel
from bot.channels._meta.events import Own, read_events
from bot.channels._meta.graph import REFUSED_AGAIN_AFTER, Tokens, Written
from bot.channels._meta.sending import Reach, Sender
from bot.channels._meta.settings import PageSettings
from bot.channels._reading import needed
from bot.channels._tokens import SharedToken
from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, ChannelUnavailable, ParleyError, WindowClosed
from bot.core.message import FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, FileStream, Occasion, Sent

log = logging.getLogger(__name__)

#: Seconds that a Page's token is kept before it is asked for again.
KEPT = 24 * 3600.0
#: Far above the longest token, characters.
MOST_TOKEN = 4096

#: What a Page tells its app of: https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
PAGE_EVENTS = (
    "messages",
    "messaging_postbacks",
    "messaging_optins",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
)


class ConversingChannel(MetaChannel):
    """`home` is the account's id in webhooks, `page` the one below which is called.

    `wanted` is the `object` of its webhooks; `marks`: what is sent carries a word that its echo brings back;
    `plain_names`: a file whose name is not ASCII is refused.
    """

    wanted = ""
    marks = False
    plain_names = False
    events: tuple[str, ...] = PAGE_EVENTS

    def __init__(
        self,
        settings: PageSettings,
        around: Around,
        capabilities: Capabilities,
        home: str,
        page: str,
        circumstances: Circumstances = USUAL,
    ) -> None:
        if not settings.human_agent:
            capabilities = replace(capabilities, staff_window=None)
        self._page = page
        self._page_settings = settings
        super().__init__(settings, around, capabilities, home, circumstances)
        self._own = Own(settings.app_id, settings.get_started)
        self._sender = Sender(self._graph, page, around, mark=self.marks, plain_names=self.plain_names)

    def tokens(self) -> Tokens:
        """The Page's token, or the one that a system user's token fetches."""
        if not self._page_settings.system_token:
            return super().tokens()
        return SharedToken(self._around, self._fetch_token)

    def read(self, body: bytes) -> list[Inbound]:
        """The inbounds of one webhook body, without echoes of what was sent here. Raises `BadInput`."""
        found = read_events(self._desk, self.wanted, self._own, body)
        return [one for one in found if one.kind != "echo" or not self._is_ours(one)]

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire. Raises `ChannelUnavailable`, `WindowClosed`, `Unreachable` or `BadInput`.

        A wire of several calls, tried again under its `key`, goes on where it failed. A call whose answer was lost
        is made again: Meta has no key to tell it by.
        """
        tagged = not occasion.in_window
        if tagged and not (occasion.by_person and self._page_settings.human_agent):
            raise WindowClosed("the customer has not written for 24 hours")
        return await self._sender.send(Reach(recipient, tagged), wire, key)

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file, at the address that came with it. Raises `ChannelUnavailable` or `FileMissing`."""
        found = await self._strangers.open(file.ref)
        return replace(found, name=file.name)

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:  # noqa: ARG002 - asks for none
        """Show that what was said is seen and that an answer is coming; never raises, it is only a courtesy."""
        try:
            await self._sender.action(recipient, "mark_seen")
            await self._sender.action(recipient, "typing_on")
        except ParleyError as error:
            facts = {"action": "meta.typing", "account": self.account, "error": type(error).__name__}
            log.debug("meta.typing", extra=facts)

    async def register(self) -> None:
        """The account tells the app of its conversations. Raises `ParleyError`."""
        if self._page_settings.subscribe:
            fields = {"subscribed_fields": list(self.events)}
            await self._graph.call("POST", f"{self._page}/subscribed_apps", json=fields)

    def _is_ours(self, echo: Inbound) -> bool:
        return self._sender.is_ours(echo.sender, echo.external_id, echo.text)

    async def _fetch_token(self) -> tuple[str, float]:
        graph = self.graph(Written(self._page_settings.system_token.reveal()))
        found = await graph.call("GET", self._page, query={"fields": "access_token"})
        try:
            return needed(found, "access_token", MOST_TOKEN), KEPT
        except BadInput:
            raise ChannelUnavailable("Meta gives no token for this Page", after=REFUSED_AGAIN_AFTER) from None
