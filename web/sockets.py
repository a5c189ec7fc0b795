"""Both Socket.IO namespaces over both ways in: strict order within a socket, bounded queues, errors as acks.

Browsers come by WebSocket, which is ours (`web/wire.py`). Long polling, where WebSockets are blocked, is the library's.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import socketio  # type: ignore[import-untyped]
from aiohttp import web
from prometheus_client import Counter

from bot.core.errors import ParleyError
from bot.core.faults import fault
from models.database import is_busy
from web.connection import MAX_PACKET, Connection
from web.http import Problem, error_body, problem
from web.keys import RELAY, SETTINGS
from web.packets import FastJson
from web.packets import event as event_packet
from web.settings import WebSettings
from web.wire import PING_SECONDS, PONG_SECONDS, WIRE, Wire

log = logging.getLogger(__name__)

PATH = "/socket.io/"
_FEW = 4  # packets: one large answer in the queue is a slow phone, not somebody who does not read
CUT = Counter("parley_sockets_cut_total", "Sockets cut because they did not read what was sent to them")

Handler = Callable[[str, Any], Awaitable[Mapping[str, Any] | None]]
"""Gets the socket's id and the first argument of the event; what it returns is the ack."""


class FastPacket(socketio.packet.Packet):  # type: ignore[misc]
    """A packet of our own class: the library would set a `json=` on the class that clients share."""

    json = FastJson


def _quiet(name: str) -> logging.Logger:
    """The library logs a stack trace for every malformed packet of a stranger; what matters we log ourselves."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.CRITICAL)
    return logger


def allowed_origins(settings: WebSettings) -> frozenset[str] | None:
    """The sites whose pages may connect; None for any."""
    if "*" in settings.widget_origins:
        return None
    return frozenset((*settings.widget_origins, settings.public_url.rstrip("/")))


def make_server(settings: WebSettings) -> socketio.AsyncServer:
    """A server whose sockets each handle one event at a time: what a visitor sends in order is kept in order."""
    origins = allowed_origins(settings)
    return socketio.AsyncServer(
        async_mode="aiohttp",
        serializer=FastPacket,
        async_handlers=False,
        cors_allowed_origins="*" if origins is None else [*origins],
        cors_credentials=False,
        max_http_buffer_size=MAX_PACKET,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS,
        logger=_quiet("parley.socketio"),
        engineio_logger=_quiet("parley.engineio"),
    )


def attach(server: socketio.AsyncServer, app: web.Application) -> None:
    """The server's routes; a polling POST that is too large or of unknown length is refused at once.

    The library would keep it waiting. Where there are other nodes, nobody starts with long polling: its requests would
    reach now this node and now that one, and only one knows the session.
    """
    serve = server.eio.handle_request
    settings, relay = app[SETTINGS], app[RELAY]
    wire = app[WIRE] = Wire(allowed_origins(settings))

    async def get(request: web.Request) -> web.StreamResponse:
        if wire.takes(request):
            return wire.open(request)
        starts = "sid" not in request.query and request.query.get("transport") != "websocket"
        if starts and (settings.sockets == "websocket" or (settings.sockets == "auto" and relay.others)):
            return web.Response(status=400, text="connect by websocket")
        answer: web.StreamResponse = await serve(request)
        return answer

    async def post(request: web.Request) -> web.StreamResponse:
        if request.content_length is None:
            return web.Response(status=411, text="Content-Length is needed")
        if request.content_length > MAX_PACKET:
            return web.Response(status=413, text=f"larger than {MAX_PACKET} bytes")
        answer: web.StreamResponse = await serve(request)
        return answer

    app.add_routes([web.get(PATH, get), web.post(PATH, post), web.options(PATH, serve)])


class Namespace(socketio.AsyncNamespace):  # type: ignore[misc]
    """Events by table, so that a client can call nothing else; errors become acks of the documented shape.

    Those `beside` ask somebody outside, and no other event of a WebSocket waits for them.
    `peers` are the sockets with a WebSocket of ours, by id; all others are the library's.
    """

    def __init__(self, name: str, server: socketio.AsyncServer, budget: int) -> None:
        super().__init__(name)
        self._sio = server
        self._budget = budget
        self.events: dict[str, Handler] = {}
        self.beside: frozenset[str] = frozenset()
        self.peers: dict[str, Connection] = {}

    async def opened(self, sid: str, request: web.Request, auth: Any) -> None:
        """A socket wants in. Raises `refused(…)`."""
        raise NotImplementedError

    async def closed(self, sid: str) -> None:
        """A socket is gone."""
        raise NotImplementedError

    def locale_of(self, sid: str) -> str:
        """The language for this socket's errors."""
        raise NotImplementedError

    # from our own WebSockets, and through `trigger_event` from the library

    async def enter(self, sid: str, request: web.Request, auth: Any) -> None:
        """A socket wants in. Raises `refused(…)`."""
        try:
            await self.opened(sid, request, auth)
        except socketio.exceptions.ConnectionRefusedError:
            raise
        except Exception as error:
            code = "busy" if _is_database(error) else "internal"
            facts = {"action": "socket.open", "namespace": self.namespace}
            log.error("a socket could not be opened", extra=facts | fault(error))
            raise refused(code) from error

    async def hear(self, event: str, sid: str, body: Any) -> Any:
        """An event; returns its ack."""
        handler = self.events.get(event)
        if handler is None or (not self._went(sid) and await self.cut_if_slow(sid)):
            return {"ok": False, "error": error_body(Problem(400, "bad_request"), self.locale_of(sid))}
        return await self._handle(handler, event, sid, body)

    def _went(self, sid: str) -> bool:
        """What a browser sent before its line broke is handled all the same, as far as it came."""
        peer = self.peers.get(sid)
        return peer is not None and peer.is_gone

    async def leave(self, sid: str) -> None:
        """A socket is gone."""
        await self.closed(sid)

    async def trigger_event(self, event: Any, *args: Any) -> Any:
        """Called by the library for everything that arrives by long polling."""
        sid = args[0]
        if event == "connect":
            # A client may send an event of this name; it is not one of ours.
            request = args[1].get("aiohttp.request") if len(args) > 1 and isinstance(args[1], dict) else None
            if isinstance(request, web.Request):
                await self.enter(sid, request, args[2] if len(args) > 2 else None)
            return None
        if event == "disconnect":
            # A client may send an event of this name: then the library still counts it as connected.
            if not self._sio.manager.is_connected(sid, self.namespace):
                await self.leave(sid)
            return None
        return await self.hear(str(event), sid, args[1] if len(args) > 1 else None)

    async def _handle(self, handler: Handler, event: str, sid: str, body: Any) -> Any:
        try:
            return {"ok": True} | dict(await handler(sid, body) or {})
        except ParleyError as error:
            found = problem(error)
        except Exception as error:
            found = problem_of(error, f"{self.namespace}:{event}")
        return {"ok": False, "error": error_body(found, self.locale_of(sid))}

    async def send(self, sid: str, event: str, body: object) -> bool:
        """Send to one socket; False when it is gone, or was cut because it does not read."""
        if await self.cut_if_slow(sid):
            return False
        if peer := self.peers.get(sid):
            peer.send(event_packet(self.namespace, event, body))
        else:
            await self.emit(event, body, to=sid)
        return True

    def is_in(self, sid: str) -> bool:
        """Whether the socket was told that it is in."""
        return sid in self.peers or bool(self._sio.manager.is_connected(sid, self.namespace))

    async def cut_if_slow(self, sid: str) -> bool:
        """Cut a socket that leaves more than the budget unread. True when it is gone."""
        if peer := self.peers.get(sid):
            if not peer.leaves_unread(self._budget):
                return peer.is_gone
        else:
            socket = self._polling(sid)
            if socket is None:
                return True
            if socket.queue.qsize() <= _FEW or _waiting(socket) <= self._budget:
                return False
        CUT.inc()
        log.info("a socket was cut: it does not read", extra={"action": "socket.cut", "namespace": self.namespace})
        await self.cut(sid)
        return True

    def _polling(self, sid: str) -> Any:
        eio_sid = self._sio.manager.eio_sid_from_sid(sid, self.namespace)
        return self._sio.eio.sockets.get(eio_sid) if eio_sid else None

    async def cut(self, sid: str) -> None:
        """End the connection as a lost network would: the browser comes back and catches up."""
        if peer := self.peers.get(sid):
            peer.cut()
            return
        socket = self._polling(sid)
        if socket is None:
            return
        request = self._sio.environ.get(socket.sid, {}).get("aiohttp.request")
        await socket.close(wait=False, abort=True)
        if request is not None and request.transport is not None:
            request.transport.abort()

    async def part(self, sid: str) -> None:
        """End the connection for good: the browser does not come back by itself."""
        if peer := self.peers.get(sid):
            peer.part()
        else:
            await self.disconnect(sid)


def refused(code: str) -> Exception:
    """What ends a hand-shake; the browser reads `code` in the data of its `connect_error`."""
    error: Exception = socketio.exceptions.ConnectionRefusedError(code, {"code": code})
    return error


def problem_of(error: Exception, where: str) -> Problem:
    """What to answer for an error that nobody expected; a busy database is expected. Logs under a number."""
    if _is_database(error):
        return Problem(503, "busy", retry=2)
    number = secrets.token_hex(4)
    log.error("unexpected", extra={"action": "web.error", "error_id": number, "where": where} | fault(error))
    return Problem(500, "internal", {"id": number})


def _is_database(error: Exception) -> bool:
    module = type(error).__module__.partition(".")[0]
    return module in {"tortoise", "sqlite3", "aiosqlite", "asyncpg", "models"} and is_busy(error)


def _waiting(socket: Any) -> int:
    """Bytes in a socket's queue; the queue holds None when it is closing."""
    return sum(len(packet.data) + 64 for packet in list(socket.queue._queue) if packet and packet.data)  # noqa: SLF001
