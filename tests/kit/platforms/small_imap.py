"""An IMAP server of one folder, INBOX, with what a program needs that reads it by uid and waits for more.

RFC 3501, and IDLE of RFC 2177. It needs no package; the channel's tests run against a server of others (mailbox.py).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

CAPABILITIES = b"IMAP4rev1 IDLE UIDPLUS"
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_PART = re.compile(r"BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?")
#: A mail was asked for or marked: its bytes, the command, and what of it was told.
Watched = Callable[[bytes, str, bytes], None]


@dataclass(slots=True)
class Kept:
    """A mail in the folder."""

    uid: int
    data: bytes
    received: datetime
    flags: set[str] = field(default_factory=set)

    def told(self, items: str) -> Iterator[bytes]:
        """What a FETCH asks for."""
        yield f"UID {self.uid}".encode()
        if "RFC822.SIZE" in items:
            yield f"RFC822.SIZE {len(self.data)}".encode()
        if "INTERNALDATE" in items:
            yield self.received.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"').encode()
        if part := _PART.search(items):
            begin, size = int(part[1] or 0), int(part[2] or len(self.data))
            data = self.data[begin : begin + size]
            yield f"BODY[]{f'<{begin}>' if part[1] else ''} {{{len(data)}}}\r\n".encode() + data


class SmallImap:
    """`watched` hears of each mail that is fetched or marked."""

    def __init__(self, user: str, password: str, watched: Watched) -> None:
        self.port = 0
        self.mails: list[Kept] = []
        self._login = (user, password)
        self._watched = watched
        self._server: asyncio.Server | None = None
        self._talks: dict[asyncio.Task[None], _Talk] = {}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in tuple(self._talks):
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def put(self, mail: bytes, at: float) -> None:
        """Deliver a mail; `at` is seconds since 1970."""
        self.mails.append(Kept(len(self.mails) + 1, mail, datetime.fromtimestamp(at, UTC)))
        for talk in self._talks.values():
            talk.tell_if_idle()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talk = self._talks[task] = _Talk(self, reader, writer)
        try:
            await talk.run()
        except (OSError, asyncio.IncompleteReadError):
            pass  # who is gone is gone
        finally:
            del self._talks[task]
            writer.close()

    def lets_in(self, user: str, password: str) -> bool:
        return (user, password) == self._login

    def found(self, criteria: list[str]) -> list[Kept]:
        """Of a SEARCH: `UID 3:*`, `SINCE 23-Nov-2026`, `HEADER Message-ID <…>`."""
        match criteria:
            case ["UID", wanted]:
                return self.among(wanted)
            case ["SINCE", day]:
                since = datetime.strptime(day, "%d-%b-%Y").replace(tzinfo=UTC)
                return [mail for mail in self.mails if mail.received >= since]
            case ["HEADER", name, value]:
                line = f"\n{name}: {value}".encode().lower()
                return [mail for mail in self.mails if line in mail.data.lower()]
        return []

    def among(self, uids: str) -> list[Kept]:
        """Those of a set such as `1,4` or `3:*`, which always has the last one."""
        wanted: set[int] = set()
        for piece in uids.split(","):
            first, _, last = piece.partition(":")
            ends = [len(self.mails) if end == "*" else int(end) for end in (first, last or first)]
            wanted |= {*range(min(ends), max(ends) + 1)}
        return [mail for mail in self.mails if mail.uid in wanted]

    def fetched(self, mail: Kept, items: str) -> bytes:
        told = b" ".join(mail.told(items))
        if _PART.search(items):
            self._watched(mail.data, f"UID FETCH {mail.uid} {items}", mail.data)
        return told

    def marked(self, mail: Kept, how: str, flags: str) -> None:
        mail.flags |= {*flags.strip("()").split()}
        self._watched(mail.data, f"UID STORE {mail.uid} {how} {flags}", b"")


class _Talk:
    """One connection."""

    def __init__(self, server: SmallImap, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._known = -1  # how many mails it was told of; -1: no folder is open
        self._is_idle = False

    async def run(self) -> None:
        self._say(b"* OK [CAPABILITY " + CAPABILITIES + b"] ready")
        while line := await self._reader.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            name, _, rest = rest.partition(" ")
            answer = await self._done(name.upper(), rest)
            self._say(f"{tag} {answer}".encode())
            await self._writer.drain()
            if name.upper() == "LOGOUT":
                return

    def tell_if_idle(self) -> None:
        if self._is_idle:
            self._tell()

    async def _done(self, name: str, rest: str) -> str:
        """Perform a command; how it ended."""
        match name:
            case "CAPABILITY":
                self._say(b"* CAPABILITY " + CAPABILITIES)
            case "LOGIN":
                if not self._server.lets_in(*_words(rest)):
                    return "NO [AUTHENTICATIONFAILED] wrong name or password"
            case "SELECT" | "EXAMINE":
                return self._opened(*_words(rest))
            case "UID":
                return self._by_uid(*rest.split(" ", 1))
            case "IDLE":
                await self._idles()
            case "LOGOUT":
                self._say(b"* BYE")
            case "NOOP":
                pass
            case _:
                return "BAD there is no such command here"
        self._tell()
        return "OK done"

    def _opened(self, folder: str) -> str:
        if folder.upper() != "INBOX":
            return "NO there is no such folder"
        self._known = len(self._server.mails)
        self._say(b"* FLAGS (\\Seen)")
        self._say(b"* %d EXISTS" % self._known)
        self._say(b"* OK [UIDVALIDITY 1] valid")
        self._say(b"* OK [UIDNEXT %d] next" % (self._known + 1))
        return "OK [READ-WRITE] open"

    def _by_uid(self, name: str, rest: str) -> str:
        match name.upper():
            case "SEARCH":
                found = self._server.found(_words(rest))
                self._say(" ".join(["* SEARCH", *(str(mail.uid) for mail in found)]).encode())
            case "FETCH":
                uids, items = rest.split(" ", 1)
                for mail in self._server.among(uids):
                    self._say(b"* %d FETCH (%b)" % (mail.uid, self._server.fetched(mail, items)))
            case "STORE":
                uids, how, flags = rest.split(" ", 2)
                for mail in self._server.among(uids):
                    self._server.marked(mail, how, flags)
            case _:
                return "BAD there is no such command here"
        return "OK done"

    async def _idles(self) -> None:
        self._say(b"+ idling")
        self._is_idle = True
        self._tell()
        try:
            await self._reader.readline()  # DONE
        finally:
            self._is_idle = False

    def _tell(self) -> None:
        """Say what has come."""
        if 0 <= self._known < len(self._server.mails):
            self._known = len(self._server.mails)
            self._say(b"* %d EXISTS" % self._known)

    def _say(self, line: bytes) -> None:
        self._writer.write(line + b"\r\n")


def _words(text: str) -> list[str]:
    """The words of a command, quoted or not."""
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted or not bare else bare for quoted, bare in _WORD.findall(text)]
