"""One socket of the chat or the desk: Socket.IO over a WebSocket, one event at a time, bounded in what waits unread.

What asks somebody outside is the exception: no message waits for a payment provider that is slow.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Collection
from contextvars import Context
from typing import Any, Protocol

import socketio  # type: ignore[import-untyped]
from aiohttp import web

from bot.core.faults import fault
from web import packets
from web.frames import CLOSE, NOT_TEXT, PING, PONG, PROTOCOL, TEXT, BadFrame, FrameReader, closing, frame

log = logging.getLogger(__name__)

MAX_PACKET = 100_000  # bytes; ten files and 4,000 characters are far below
#: Events of one socket that wait for the one under way; past these it is not read.
MOST_WAITING = 32
_PAGE = 16 * 1024  # bytes; a packet that is larger is one that a slow phone may take its time for
_AT_ONCE = 16  # packets in one call of the system
_GONE = ""  # behind the last event of a socket
_PONG = frame(TEXT, b"3")
_PING = frame(TEXT, b"2")


class Room(Protocol):
    """A namespace, as connections see it. `beside` are the events for which no other one waits."""

    peers: dict[str, Connection]
    beside: Collection[str]

    async def enter(self, sid: str, request: web.Request, auth: Any) -> None:
        """A socket wants in. Raises `ConnectionRefusedError` of Socket.IO."""

    async def hear(self, event: str, sid: str, body: Any) -> Any:
        """An event; what it returns is the answer. Does not raise."""

    async def leave(self, sid: str) -> None:
        """A socket that was in is gone."""


class Hub(Protocol):
    """All connections, as one of them sees it."""

    rooms: dict[str, Room]

    def flush_soon(self, connection: Connection) -> None:
        """It has something to say, and may have more in this round of the loop."""

    def forget(self, connection: Connection) -> None:
        """It is gone."""


class Connection(asyncio.Protocol):
    """One socket. It belongs to no namespace until it entered one."""

    __slots__ = (
        "_beside",
        "_heard",
        "_hub",
        "_name",
        "_out",
        "_page",
        "_reader",
        "_request",
        "_sid",
        "_transport",
        "_waiting",
        "beat_on",
        "busy",
    )

    def __init__(self, hub: Hub, request: web.Request, transport: asyncio.Transport) -> None:
        self._hub = hub
        self._request: web.Request | None = request  # until it is in
        self._transport: asyncio.Transport | None = transport
        self._reader = FrameReader(MAX_PACKET)
        self._name = self._sid = ""
        self._waiting: deque[str] | None = None  # events behind the one under way
        self.busy: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] | None = None
        self._heard = True
        self._out: list[bytes] | None = None  # leaves before the loop goes to sleep
        self._page = 0  # bytes of the largest packet that may be unread
        self.beat_on = 0  # in which second of `PING_SECONDS` it is asked whether it is there

    # the transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._transport = None
        self._hub.forget(self)
        self._handle(_GONE)  # behind what it has sent before it went

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            for kind, payload in self._reader.feed(data):
                if kind == TEXT:
                    self._text(payload.decode())
                else:
                    self._control(kind, payload)
        except BadFrame as error:
            self.close(error.code)
        except UnicodeDecodeError:
            self.close(NOT_TEXT)

    def _control(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self._write(frame(PONG, payload))
        elif kind == CLOSE:
            self._write(frame(CLOSE, payload[:2]))
            self.close()
        elif kind != PONG:
            self.close(PROTOCOL)  # binary, which nobody here speaks

    def _text(self, text: str) -> None:
        """A packet of Engine.IO."""
        kind = text[:1]
        if kind == "4":
            self._handle(text)
        elif kind == "2":
            self._write(_PONG)
        elif kind == "1":
            self.close()
        elif kind not in ("3", "5", "6"):
            self.close(PROTOCOL)

    # one event after the other

    def _handle(self, text: str) -> None:
        if self.busy is None:
            # A clean context: what called us may be inside a request.
            loop = asyncio.get_running_loop()
            self.busy = loop.create_task(self._run(text), context=Context())
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(text)
        if len(self._waiting) == MOST_WAITING and self._transport:
            self._transport.pause_reading()

    async def _run(self, text: str) -> None:
        while True:
            try:
                await self._one(text)
            except Exception as error:
                log.error("a packet was not handled", extra={"action": "socket.packet"} | fault(error))
                self.cut()
            if not self._waiting:
                break
            text = self._waiting.popleft()
            if len(self._waiting) == MOST_WAITING - 1 and self._transport:
                self._transport.resume_reading()
        self._waiting = self.busy = None

    async def _one(self, text: str) -> None:
        if text == _GONE:
            await self._leave()
            return
        try:
            packet = packets.read(text[1:])
        except ValueError:
            self.close(PROTOCOL)
            return
        if packet.kind == packets.EVENT:
            await self._event(packet)
        elif packet.kind == packets.CONNECT:
            await self._enter(packet.namespace, packet.data)
        elif packet.kind == packets.DISCONNECT:
            self.close()
        elif packet.kind != packets.ACK:
            self.close(PROTOCOL)

    async def _event(self, packet: packets.Packet) -> None:
        room = self._hub.rooms.get(self._name)
        if room is None or packet.namespace != self._name:
            return
        if packet.data[0] in room.beside:
            if self._beside is None:
                self._beside = set()
            task = asyncio.get_running_loop().create_task(self._answer(room, packet), context=Context())
            self._beside.add(task)
            task.add_done_callback(self._beside.discard)
        else:
            await self._answer(room, packet)

    async def _answer(self, room: Room, packet: packets.Packet) -> None:
        name, *arguments = packet.data
        answer = await room.hear(name, self._sid, arguments[0] if arguments else None)
        if packet.id:
            self.send(packets.ack(self._name, packet.id, answer))

    async def _enter(self, name: str, auth: Any) -> None:
        room = self._hub.rooms.get(name)
        if room is None or self._request is None:
            self.send(packets.refusal(name, {"message": "Unable to connect"}))
            return
        sid = secrets.token_urlsafe(15)
        try:
            await room.enter(sid, self._request, auth)
        except socketio.exceptions.ConnectionRefusedError as error:
            self.send(packets.refusal(name, error.error_args))
            return
        self._name, self._sid, self._request = name, sid, None
        room.peers[sid] = self
        self.send(packets.connected(name, sid))

    async def _leave(self) -> None:
        self._request = None
        room = self._hub.rooms.get(self._name)
        if room is not None:
            del room.peers[self._sid]
            await room.leave(self._sid)

    # out

    def send(self, packet: bytes) -> None:
        """Send a packet; nothing happens when the socket is gone."""
        size = len(packet)
        if self._transport and (size > _PAGE or self._page):
            waits = self._transport.get_write_buffer_size()
            self._page = max(self._page, size) if waits else size
        self._write(frame(TEXT, packet))

    def _write(self, data: bytes) -> None:
        """What is said in one round of the loop is one call of the system."""
        if self._transport is None:
            return
        if self._out is None:
            self._out = [data]
            self._hub.flush_soon(self)
            return
        self._out.append(data)
        if len(self._out) == _AT_ONCE:
            self.flush()  # so that what nobody reads is seen to wait

    def flush(self) -> None:
        """Hand the transport what was said."""
        out, self._out = self._out, None
        if out and self._transport:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    @property
    def is_gone(self) -> bool:
        """Nothing can be sent to it any more."""
        return self._transport is None

    def leaves_unread(self, budget: int) -> bool:
        """Whether more than `budget` bytes wait to be read, beside one page that may be larger."""
        return self._transport is not None and self._transport.get_write_buffer_size() > budget + self._page

    def beat(self) -> None:
        """Ask whether it is there; one that did not answer the last time is not."""
        if not self._heard:
            self.cut()
            return
        self._heard = False
        self._write(_PING)

    def part(self) -> None:
        """End it for good: a browser does not come back by itself."""
        self.send(packets.parting(self._name))
        self.close()

    def close(self, code: int = 0) -> None:
        """End the connection once what was sent is on its way."""
        if code:
            self._write(closing(code))
        self.flush()
        transport, self._transport = self._transport, None
        if transport:
            transport.close()

    def cut(self) -> None:
        """End it at once, as a lost network would."""
        transport, self._transport = self._transport, None
        if transport:
            transport.abort()
