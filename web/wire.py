"""Socket.IO over a WebSocket of its own: one small object a socket, no task while it is quiet, no queue without an end.

python-socketio keeps a reader, a writer, timers and an unbounded queue for each socket, and a task for each packet:
half of what a message of the chat cost, and 30 kB for a visitor who only looks. Here a socket is a protocol on
its transport. Each handles one event at a time, so what a visitor sends in order is kept in order. A connection belongs
to one namespace. Long polling, and whoever begins with it, is still the library's.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any

import orjson
from aiohttp import web

from web.connection import MAX_PACKET, Connection, Room
from web.frames import (
    AWAY,
    TEXT,
    accept_key,
    frame,
)

PING_SECONDS = 25
PONG_SECONDS = 20
#: What the system may hold for a socket that does not read, bytes; left alone it takes megabytes for each.
KERNEL_BUFFER = 128 * 1024


class Wire:
    """All WebSockets of a process, by their namespaces, which join before the first request."""

    def __init__(self, origins: frozenset[str] | None) -> None:
        self.rooms: dict[str, Room] = {}
        self._origins = origins  # None: any
        self._beats: list[set[Connection]] = [set() for _ in range(PING_SECONDS)]
        self._second = 0
        self._unsaid: list[Connection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False

    def takes(self, request: web.Request) -> bool:
        """Whether this is a hand-shake that we answer."""
        asked, headers = request.query, request.headers
        return (
            asked.get("transport") == "websocket"
            and asked.get("EIO") == "4"
            and "sid" not in asked
            and headers.get("Upgrade", "").lower() == "websocket"
            and "upgrade" in headers.get("Connection", "").lower()
            and headers.get("Sec-WebSocket-Version") == "13"
            and bool(headers.get("Sec-WebSocket-Key"))
        )

    def open(self, request: web.Request) -> web.StreamResponse:
        """Make the request's connection a socket."""
        origin, transport = request.headers.get("Origin"), request.transport
        if origin and self._origins is not None and origin not in self._origins:
            return web.Response(status=400, text="this site may not connect")
        if self._closing:
            return web.Response(status=503, text="this node is stopping", headers={"Retry-After": "1"})
        if transport is None:
            raise ConnectionResetError("the browser is gone")
        own = transport.get_extra_info("socket")
        if own is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
        connection = Connection(self, request, transport)
        _take_over(request, transport, connection)
        head = {"Upgrade": "websocket", "Connection": "Upgrade"}
        head["Sec-WebSocket-Accept"] = accept_key(request.headers["Sec-WebSocket-Key"])
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        hello = {
            "sid": secrets.token_urlsafe(15),
            "upgrades": [],
            "pingInterval": PING_SECONDS * 1000,
            "pingTimeout": PONG_SECONDS * 1000,
            "maxPayload": MAX_PACKET,
        }
        first = frame(TEXT, b"0" + orjson.dumps(hello))
        transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n".encode() + first)
        self._watch(connection)
        return Switched()

    def _watch(self, connection: Connection) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(1.0, self._beat)
        # The bucket whose turn is over comes round last: nobody is asked before a whole interval has passed.
        connection.beat_on = (self._second - 1) % PING_SECONDS
        self._beats[connection.beat_on].add(connection)

    def _beat(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(1.0, self._beat)
        due = self._beats[self._second]
        self._second = (self._second + 1) % PING_SECONDS
        for connection in [*due]:
            connection.beat()

    def flush_soon(self, connection: Connection) -> None:
        """It has something to say, and may have more in this round of the loop."""
        if not self._unsaid:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsaid.append(connection)

    def _flush(self) -> None:
        unsaid, self._unsaid = self._unsaid, []
        for connection in unsaid:
            connection.flush()

    def forget(self, connection: Connection) -> None:
        """It is gone."""
        self._beats[connection.beat_on].discard(connection)

    async def close(self, grace: float) -> None:
        """End all, and take no more; what each is at may take so many seconds."""
        self._closing = True
        if self._timer:
            self._timer.cancel()
        connections = [connection for bucket in self._beats for connection in bucket]
        for connection in connections:
            connection.close(AWAY)
        await asyncio.sleep(0)  # the loop tells each that its transport is closed
        busy = [connection.busy for connection in connections if connection.busy]
        if busy:
            await asyncio.wait(busy, timeout=grace)


class Switched(web.StreamResponse):
    """Stands for an answer that was given on the wire: its connection is not HTTP any more."""

    def __init__(self) -> None:
        super().__init__(status=101)

    async def prepare(self, request: web.BaseRequest) -> None:  # aiohttp's signature
        """Nothing is sent."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is sent."""


def _take_over(request: web.Request, transport: asyncio.Transport, connection: Connection) -> None:
    """From here on bytes go to `connection`, and aiohttp has no part in it.

    RFC 6455 section 4.1 lets a browser send nothing before our answer, so nothing has come that could be lost.
    """
    protocol: Any = request.protocol
    transport.set_protocol(connection)
    protocol.transport = None  # else it would close what is not its own
    protocol.connection_lost(None)


WIRE = web.AppKey("wire", Wire)
