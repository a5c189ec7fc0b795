"""A mailbox over IMAP. The library waits where it stands, so each connection has a thread of its own.

Nothing is changed by reading: mails are fetched without being marked as seen.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Literal, TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from bot.channels.email.imap import Client
from bot.channels.email.settings import Settings
from bot.core.errors import ChannelUnavailable, ConfigError

T = TypeVar("T")
#: How much of a mail is asked for.
Part = Literal["all", "beginning", "header"]

log = logging.getLogger(__name__)

#: How the network and a server fail, whichever layer noticed; the library lets its own assumptions fail as others.
BROKEN = (OSError, IMAPClientError, IMAPClient.AbortError, ValueError, LookupError, TypeError, AttributeError)
#: Of a mail that is too large, so many bytes are read: the words come first.
BEGINNING = 1024 * 1024
#: Bytes in a second that the slowest server gives us: so a mail has the more time, the larger it is.
SLOWEST = 32 * 1024
#: Seconds until a login that was refused is tried again: somebody has to act first.
OPERATOR_ACTS = 60.0
#: Of so many mails at once is asked when they arrived: a line has an end, and each step a time-out.
SLICE = 500
_WANTED: dict[Part, str] = {
    "all": "BODY.PEEK[]",
    "beginning": f"BODY.PEEK[]<0.{BEGINNING}>",
    "header": "BODY.PEEK[HEADER]",
}
_OURSELVES = {"name": "Parley", "version": "1"}


class LoginRefused(ChannelUnavailable):
    """The server does not take name and password: at start a mistake in the configuration."""


class Untrusted(ChannelUnavailable):
    """The server's certificate is not believed, or it speaks no TLS here."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a folder stands: its uids mean something under this `validity` only; `next_uid` comes next."""

    validity: int
    next_uid: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail: `data` is all of it, or its beginning, or its header alone where `is_header`."""

    uid: int
    data: bytes
    received: datetime | None
    is_cut: bool = False
    is_header: bool = False


class Mailbox:
    """One connection, which `open` makes. After any error it is of no more use: close it and make another."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="imap")
        self._is_over = False
        self.folder = Folder(0, 1)  # that is open
        self.tells = False  # whether the server says when something comes

    async def open(self, *, readonly: bool = False, folder: str = "") -> None:
        """Connect, log in, open a folder. Raises `LoginRefused`, `Untrusted`, `ConfigError`, `ChannelUnavailable`."""
        await self._do(lambda: self._open(folder or self._settings.folder, readonly=readonly))

    async def uids(self, after: int) -> list[int]:
        """The mails behind this uid, in order of arrival."""
        return await self._do(lambda: self._uids(after))

    async def since(self, day: date) -> list[tuple[int, datetime | None]]:
        """The mails that arrived on this day or later, and when."""
        uids = await self._do(lambda: sorted(self._search(["SINCE", day])))
        slices = [uids[at : at + SLICE] for at in range(0, len(uids), SLICE)]
        return [one for some in slices for one in await self._do(partial(self._dated, some))]

    async def with_id(self, message_id: str) -> list[int]:
        """The mails with this message id."""
        return await self._do(lambda: sorted(self._search(["HEADER", "Message-ID", message_id])))

    async def fetch(self, uid: int, part: Part = "all") -> Fetched | None:
        """A mail, of one that is too large the beginning; None where it is gone."""
        known = await self._do(lambda: self._known(uid))
        if known is None:
            return None
        size, received = known
        if size > self._settings.largest_mib * 1024 * 1024 and part == "all":
            part = "beginning"
        patience = min(size, BEGINNING if part != "all" else size) / SLOWEST
        data = await self._do(lambda: self._fetch(uid, part), patience=patience)
        if size and not data:  # it is there, or was a moment ago: the next look tells
            raise ChannelUnavailable(f"{self._settings.imap_host} gives nothing of a mail of {size} bytes")
        is_cut = part != "all" and len(data) < size
        return Fetched(uid, data, received, is_cut, part == "header") if data else None

    async def arrived(self, uid: int) -> datetime | None:
        """When a mail arrived; None where that is not known."""
        known = await self._do(lambda: self._known(uid))
        return known[1] if known else None

    async def seen(self, uids: Iterable[int]) -> None:
        """Mark them as read."""
        wanted = [*uids]
        await self._do(lambda: self._needed.add_flags(wanted, [b"\\Seen"], silent=True))

    async def move(self, uids: Iterable[int], folder: str) -> None:
        """Move them, read, to another folder."""
        wanted = [*uids]
        await self._do(lambda: self._move(wanted, folder))

    async def wait(self, seconds: float) -> None:
        """Until something happens in the folder, or for so long; only where the server `tells`."""
        await self._do(lambda: self._wait(seconds), patience=seconds)

    async def read(self, work: Callable[[], T]) -> T:
        """Do what takes the processor for long in this thread, where nobody else waits for it."""
        return await asyncio.wrap_future(self._thread.submit(work))

    async def close(self) -> None:
        """Break off whatever is under way, and end."""
        self._is_over = True
        if self._client is not None:
            with suppress(OSError, AttributeError):
                self._client.socket().shutdown(socket.SHUT_RDWR)  # wakes who waits for it
        self._thread.submit(self._leave)
        self._thread.shutdown(wait=False)

    # in the thread

    @property
    def _needed(self) -> Client:
        if self._client is None or self._is_over:
            raise ChannelUnavailable("the mailbox is closed")
        return self._client

    async def _do(self, work: Callable[[], T], patience: float = 0.0) -> T:
        """What the server answers, as one of our errors where it does not."""
        try:
            # Each step has a time-out of its own; a server that keeps every one of them busy ends here.
            async with asyncio.timeout(self._settings.timeout * 4 + patience):
                return await asyncio.wrap_future(self._thread.submit(work))
        except (LoginRefused, Untrusted, ConfigError, ChannelUnavailable):
            raise
        except BROKEN as error:
            raise ChannelUnavailable(f"{self._settings.imap_host} does not answer: {type(error).__name__}") from None
        except RuntimeError:
            raise ChannelUnavailable("the mailbox is closed") from None

    def _open(self, folder: str, *, readonly: bool) -> None:
        self._client = self._connected()
        if self._is_over:
            raise ChannelUnavailable("the mailbox is closed")
        self._client.normalise_times = False
        self._login(self._client)
        with suppress(*BROKEN):
            if self._client.has_capability("ID"):  # 163 and others open no mailbox for whom they do not know
                self._client.id_(_OURSELVES)
        try:
            told = self._client.select_folder(folder, readonly=readonly)
        except IMAPClientError:
            raise ConfigError(f"folder: {self._settings.imap_host} opens no folder {folder!r} for us") from None
        self.folder = Folder(int(told[b"UIDVALIDITY"]), int(told.get(b"UIDNEXT") or self._last(told) + 1))
        self.tells = self._client.has_capability("IDLE")

    def _last(self, told: dict[bytes, Any]) -> int:
        """The highest uid, where a server does not say which comes next."""
        return max(self._search(["UID", "*"]), default=0) if told.get(b"EXISTS") else 0

    def _connected(self) -> Client:
        settings = self._settings
        security = settings.imap_security
        context = None if security == "none" else settings.tls()
        try:
            client = Client(
                settings.imap_host,
                settings.port("imap"),
                ssl=security == "tls",
                ssl_context=context if security == "tls" else None,
                timeout=settings.timeout,
            )
            if security == "starttls":
                client.starttls(context)
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(
                f"the certificate of {settings.imap_host} is not believed: {error.verify_message}"
            ) from None
        except (ssl.SSLError, IMAPClientError) as error:
            why = type(error).__name__
            raise Untrusted(
                f"{settings.imap_host} speaks no {security} at port {settings.port('imap')}: {why}"
            ) from None
        return client

    def _login(self, client: Client) -> None:
        user, password = self._settings.login("imap")
        try:
            client.login(user, password)
        except LoginError as error:
            if "UNAVAILABLE" in str(error).upper():
                raise ChannelUnavailable(f"{self._settings.imap_host} takes no login at the moment") from None
            raise LoginRefused(f"{self._settings.imap_host} refuses name and password", after=OPERATOR_ACTS) from None

    def _search(self, criteria: list[Any]) -> list[int]:
        return [int(uid) for uid in self._needed.search(criteria)]

    def _uids(self, after: int) -> list[int]:
        self._needed.has_more()
        self._needed.noop()  # only then a server has to tell what came since it was asked last
        # "n:*" always names the last mail, too.
        return sorted(uid for uid in self._search(["UID", f"{after + 1}:*"]) if uid > after)

    def _dated(self, uids: list[int]) -> list[tuple[int, datetime | None]]:
        told = self._needed.fetch(uids, ["INTERNALDATE"])
        return [(uid, _moment(told.get(uid, {}))) for uid in uids]

    def _known(self, uid: int) -> tuple[int, datetime | None] | None:
        """How many bytes it has, and when it arrived."""
        told = self._needed.fetch([uid], ["RFC822.SIZE", "INTERNALDATE"]).get(uid)
        return None if told is None else (int(told.get(b"RFC822.SIZE") or 0), _moment(told))

    def _fetch(self, uid: int, part: Part) -> bytes:
        told = self._needed.fetch([uid], [_WANTED[part]]).get(uid, {})
        return bytes(next((value for key, value in told.items() if key.startswith(b"BODY[")), None) or b"")

    def _move(self, uids: list[int], folder: str) -> None:
        client = self._needed
        client.add_flags(uids, [b"\\Seen"], silent=True)
        if client.has_capability("MOVE"):
            client.move(uids, folder)
            return
        client.copy(uids, folder)
        client.delete_messages(uids, silent=True)
        if client.has_capability("UIDPLUS"):
            client.uid_expunge(uids)  # without it, what others have marked would go, too: it stays marked

    def _wait(self, seconds: float) -> None:
        client = self._needed
        if client.has_more():
            return
        client.idle()
        client.wait(seconds)
        client.idle_done()

    def _leave(self) -> None:
        if self._client is not None:
            with suppress(*BROKEN):
                self._client.shutdown()


def _moment(told: Any) -> datetime | None:
    found = told.get(b"INTERNALDATE")
    return found.astimezone(UTC) if isinstance(found, datetime) and found.tzinfo else None
