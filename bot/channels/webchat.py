"""The web chat as a channel: a message row is the delivery, and the sockets in `web/` show it at once."""

from __future__ import annotations

from bot.core.errors import BadInput, FileMissing, Unauthorised
from bot.core.message import FileRef, Inbound, Wire
from bot.core.ports import Accept, FileStream, HookAnswer, HookRequest, Sent
from bot.core.profiles import WEBCHAT

ACCOUNT = "webchat"
CAPABILITIES = WEBCHAT


class WebChat:
    """Our own channel: what visitors send comes through the sockets, so there is no webhook and nothing to fetch."""

    account = ACCOUNT
    capabilities = CAPABILITIES
    way = ""

    async def whoami(self) -> str:
        """Ourselves."""
        return self.account

    def verify(self, request: HookRequest) -> None:
        """Nobody posts here."""
        raise Unauthorised("the web chat has no webhook")

    def handshake(self, request: HookRequest) -> HookAnswer | None:
        """There is none."""
        return None

    def parse(self, body: bytes) -> list[Inbound]:
        """Nothing to parse."""
        raise BadInput("the web chat has no webhook")

    async def send(self, recipient: str, wire: Wire, key: str) -> Sent:
        """The row was written with the turn; there is nothing left to do."""
        return Sent(key)

    async def fetch(self, file: FileRef) -> FileStream:
        """Uploads are in the store before their message is sent."""
        raise FileMissing(file.ref)

    async def typing(self, recipient: str) -> None:
        """Shown by the sockets themselves."""

    async def acknowledge(self, inbound: Inbound) -> None:
        """The socket's own acknowledgement is enough."""

    async def start(self, accept: Accept) -> None:
        """The sockets are started with the web application."""

    async def stop(self) -> None:
        """The sockets are stopped with the web application."""
