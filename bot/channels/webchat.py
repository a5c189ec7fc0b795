"""The web chat as a channel: a message row is the delivery, and the sockets in `web/` show it at once."""

from __future__ import annotations

from bot.core.message import Wire
from bot.core.ports import ORDINARY, Channel, Occasion, Sent
from bot.core.profiles import WEBCHAT

ACCOUNT = "webchat"
CAPABILITIES = WEBCHAT


class WebChat(Channel):
    """Our own channel: what visitors send comes through the sockets, and uploads are stored before their message."""

    account = ACCOUNT
    capabilities = CAPABILITIES

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """The row was written with the turn; there is nothing left to do."""
        return Sent(key)
