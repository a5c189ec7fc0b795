"""The IMAP library's client, and what a server says by itself."""

from __future__ import annotations

import ssl
from selectors import EVENT_READ, DefaultSelector

from imapclient import IMAPClient


class Client(IMAPClient):  # type: ignore[misc]  # the library says no types
    """Misses nothing that a server says by itself, which may come with its answer to any command."""

    def has_more(self) -> bool:
        """Whether that was told since it was asked last."""
        return bool(self._imap.untagged_responses.pop("EXISTS", None))

    def wait(self, seconds: float) -> None:
        """Until the server says anything while it idles; what came together with its "+" is in our memory already."""
        if self.has_more() or self._is_buffered():
            return
        with DefaultSelector() as selector:
            selector.register(self.socket(), EVENT_READ)
            selector.select(seconds)

    def _is_buffered(self) -> bool:
        sock = self.socket()
        patience = sock.gettimeout()
        sock.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except ssl.SSLWantReadError:
            return False
        finally:
            sock.settimeout(patience)
