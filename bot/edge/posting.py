"""Small posts to one server over kept connections: HTTP/1.1 and no more than a Bot API call needs.

A general HTTP client takes 80 to 150 microseconds a call, most of the cost of a reply; this one
takes 20. A connection carries one call at a time; one that the server closed is never used again,
and one whose call was given up is broken off, so that no answer reaches the wrong caller.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from bot.core import deadline

#: To one server at once.
CONNECTIONS = 100
#: Far above any answer to a call; more is no Bot API server.
MOST_ANSWER = 64 * 1024 * 1024
MOST_HEAD = 64 * 1024
#: Seconds; a router may forget a quieter connection, and a call on it would hang.
LONGEST_IDLE = 15.0

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[^\r\n]*close", re.IGNORECASE)

Answer = tuple[int, bytes]


class Posts(Protocol):
    """Posts to one server, from this process or from the edge."""

    async def post(self, path: bytes, body: bytes, seconds: float) -> Answer:
        """See `Poster.post`."""

    async def close(self) -> None:
        """See `Poster.close`."""


MakePosts = Callable[[str], Posts]
"""Posts to the server of a base URL."""


class Poster:
    """Posts to the host of the URL `base` over at most `connections`."""

    def __init__(self, base: str, *, connections: int = CONNECTIONS, trust: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(base)
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._trust = (trust or ssl.create_default_context()) if parts.scheme == "https" else None
        self._name = parts.netloc.rpartition("@")[2].encode("ascii")
        self._free = asyncio.Semaphore(connections)
        self._idle: deque[_Connection] = deque()
        self._busy: set[_Connection] = set()

    async def post(self, path: bytes, body: bytes, seconds: float) -> Answer:
        """Status and body of the answer, within so many seconds once a connection is free.

        Raises `OSError` or `TimeoutError`; the call may have been performed all the same. Raises `LeaseLost` past the
        caller's deadline; then it was not.
        """
        async with self._free:
            connection = self._reusable() or await self._connect(seconds)
            self._busy.add(connection)
            try:
                return await connection.call(self._request(path, body), seconds)
            finally:
                self._busy.discard(connection)
                if connection.is_usable:
                    self._idle.append(connection)
                else:
                    connection.abort()

    async def close(self) -> None:
        """Break off all connections; calls under way fail."""
        for connection in (*self._idle, *self._busy):
            connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round

    def _reusable(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - LONGEST_IDLE
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self, seconds: float) -> _Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
            # Both IPv6 and IPv4 are tried, since either may lead nowhere.
            connected = await start_connection(found, happy_eyeballs_delay=0.25)
            name = self._host if self._trust else None
            _, connection = await loop.create_connection(
                _Connection, sock=connected, ssl=self._trust, server_hostname=name
            )
        return connection

    def _request(self, path: bytes, body: bytes) -> bytes:
        return b"POST %b HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
            path,
            self._name,
            len(body),
            body,
        )


class _Connection(asyncio.Protocol):
    """One connection, with at most one call under way."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._received = bytearray()
        self._closes = False
        self.idle_since = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether it is open and no bytes of an earlier answer can come any more."""
        return self._transport is not None and self._answer is None and not self._closes

    async def call(self, request: bytes, seconds: float) -> Answer:
        """Send, and wait for the whole answer."""
        loop = asyncio.get_running_loop()
        if self._transport is None:
            raise ConnectionResetError("the connection is closed")
        answer: asyncio.Future[Answer] = loop.create_future()
        deadline.assure()
        self._answer = answer
        timer = loop.call_later(seconds, self._late)
        self._transport.write(request)
        try:
            found = await answer
        finally:
            timer.cancel()
        self._answer = None
        self.idle_since = loop.time()
        return found

    def abort(self) -> None:
        """Break the connection off."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio gives a Transport to a Protocol

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._answer is None:
            self._closes = True  # an answer to nothing: nobody may use this connection again
            return
        try:
            found = self._read(at_end=False)
        except ValueError as error:
            self._fail(ConnectionError(f"no HTTP answer: {error}"))
            return
        if found is not None:
            self._settle(found)

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._end()

    def _end(self) -> None:
        self._closes = True
        if self._answer is None or self._answer.done():
            return
        try:
            found = self._read(at_end=True)
        except ValueError:
            found = None
        if found is None:
            self._fail(ConnectionResetError("the connection ended before the answer did"))
        else:
            self._settle(found)

    def _settle(self, found: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(found)

    def _fail(self, error: Exception) -> None:
        self._closes = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _late(self) -> None:
        self._fail(TimeoutError("no answer in time"))

    def _read(self, *, at_end: bool) -> Answer | None:
        """The answer, once it is whole; `at_end` no more bytes will come."""
        received = self._received
        if len(received) > MOST_ANSWER:
            raise ValueError("an answer without an end")
        end = received.find(b"\r\n\r\n")
        if end < 0:
            if len(received) > MOST_HEAD:
                raise ValueError("a head without an end")
            return None
        head = bytes(received[: end + 2])
        status = _STATUS.match(head)
        if status is None:
            raise ValueError("no status line")
        if length := _LENGTH.search(head):
            whole = end + 4 + int(length[1])
            if len(received) < whole:
                return None
            body, rest = bytes(received[end + 4 : whole]), len(received) - whole
        elif _CHUNKED.search(head):
            chunks = _chunks(received, end + 4)
            if chunks is None:
                return None
            body, rest = chunks
        elif at_end:
            body, rest = bytes(received[end + 4 :]), 0
        else:
            return None
        self._closes = self._closes or rest > 0 or _CLOSE.search(head) is not None
        received.clear()
        return int(status[1]), body


def _chunks(received: bytearray, at: int) -> tuple[bytes, int] | None:
    """The body and how many bytes follow it; None while the last chunk is missing."""
    body = bytearray()
    while True:
        line = received.find(b"\r\n", at)
        if line < 0:
            return None
        size = int(received[at:line].split(b";")[0], 16)
        at = line + 2 + size + 2
        if len(received) < at:
            return None
        if size == 0:
            return bytes(body), len(received) - at
        body += received[line + 2 : line + 2 + size]
