"""The `Channel` port for one number of WhatsApp."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from urllib.parse import quote, urlsplit

from bot.channels._account import Around
from bot.channels._meta.channel import USUAL, Circumstances, MetaChannel
from bot.channels._meta.graph import bearer
from bot.channels._reading import MOST_NAME, Json, needed, text
from bot.channels._steps import Recent
from bot.channels.whatsapp.plan import by_template, plan
from bot.channels.whatsapp.sending import Sender
from bot.channels.whatsapp.settings import CAPABILITIES, Settings
from bot.channels.whatsapp.updates import read_updates
from bot.core.errors import BadInput, FileMissing, ParleyError
from bot.core.message import FROM_CUSTOMER, FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, FileStream, Occasion, Sent

log = logging.getLogger(__name__)

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
MOST_ADDRESS = 4096


class WhatsAppChannel(MetaChannel):
    """One number."""

    def __init__(self, settings: Settings, around: Around, circumstances: Circumstances = USUAL) -> None:
        capabilities = CAPABILITIES if settings.approved else replace(CAPABILITIES, proactive="no")
        super().__init__(settings, around, capabilities, settings.phone_number_id, circumstances)
        self._number = settings
        self._sender = Sender(self._graph, settings.phone_number_id, around.open_file)
        self._newest: Recent[str, str] = Recent()

    def read(self, body: bytes) -> list[Inbound]:
        """The inbounds of one webhook body. Raises `BadInput`."""
        found = read_updates(self._desk, body)
        for inbound in found:
            if inbound.kind in FROM_CUSTOMER and inbound.account == self.account:
                self._newest.put(inbound.sender, inbound.external_id)
        return found

    async def whoami(self) -> str:
        """The name and number that customers see. Raises `ParleyError`."""
        query = {"fields": "verified_name,display_phone_number"}
        found = await self._graph.call("GET", self._number.phone_number_id, query=query)
        return f"{text(found, 'verified_name', MOST_NAME)} {text(found, 'display_phone_number', MOST_NAME)}".strip()

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """WhatsApp brings no data, so the words stand ready: https://faq.whatsapp.com/5913398998672934."""
        asked = {"fields": "display_phone_number"}
        shown = await self._graph.call("GET", self._number.phone_number_id, query=asked)
        number = "".join(filter(str.isdecimal, text(shown, "display_phone_number", MOST_NAME)))
        return f"https://wa.me/{number}?text={quote(words, safe='')}" if number else ""

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire. Raises `ChannelUnavailable`, `WindowClosed`, `Unreachable` or `BadInput`.

        After the window the words go out in the template of the settings; files wait until the customer writes.
        A wire of several calls, tried again under its `key`, goes on where it failed.
        """
        if occasion.in_window:
            pieces = plan(wire, self._number.list_button)
        else:
            key = f"{key}:template"  # all of it, also where the window closed between two calls
            pieces = [by_template(wire, self._number.approved)]
        return await self._sender.send(recipient, pieces, key)

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a customer's file: WhatsApp gives its address for a few minutes. Raises as the port."""
        if not _MEDIA_ID.fullmatch(file.ref):
            raise FileMissing("its id is none of WhatsApp's")
        try:
            query = {"phone_number_id": self._number.phone_number_id}
            found = await self._graph.call("GET", file.ref, query=query)
            address = needed(found, "url", MOST_ADDRESS)
        except BadInput:
            raise FileMissing(file.ref) from None
        self._assure_known(address)
        stream = await self._strangers.open(address, bearer(await self._tokens.get()))
        return replace(stream, name=file.name, media_type=file.media_type or stream.media_type)

    async def typing(self, recipient: str, to: Inbound | None = None) -> None:
        """Mark what was said last as read, and show that an answer is coming; never raises."""
        message = (to.external_id if to else "") or self._newest.get(recipient)
        if not message:
            return  # a call is waited for, and another node heard what it is about
        try:
            await self._sender.saw(message)
        except ParleyError as error:
            facts = {"action": "whatsapp.typing", "account": self.account, "error": type(error).__name__}
            log.debug("whatsapp.typing", extra=facts)

    async def register(self) -> None:
        """The business account tells the app of its events. Raises `ParleyError`."""
        if account := self._number.business_account_id:
            subscribed: Json = {}
            await self._graph.call("POST", f"{account}/subscribed_apps", json=subscribed)

    def _assure_known(self, address: str) -> None:
        """The access token goes to Meta's own hosts only, whatever an answer says."""
        try:
            parts = urlsplit(address)
        except ValueError:
            raise FileMissing("its address cannot be read") from None
        is_sealed = parts.scheme == "https" or urlsplit(self._number.server).scheme == "http"
        if not is_sealed or parts.hostname not in self._number.media_hosts:
            raise FileMissing("its address is not one of media_hosts")
