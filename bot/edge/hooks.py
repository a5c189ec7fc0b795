"""Webhook calls over kept connections: a post to a known hook is read and answered here, all else goes elsewhere.

A general web server takes 100 to 150 microseconds a request, a quarter of what a message costs altogether; this takes
20. A connection carries one request at a time. One that asks for anything but a known hook is handed over with the
bytes that have come, at its first request or at a later one, so a proxy may keep its connections and mix.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httptools

from bot.edge.calls import Answered, Raw, Receive, Setup
from bot.edge.responses import Responses

PREFIX = b"POST /hooks/"
#: All heads of a request together, bytes.
MOST_HEAD = 32 * 1024
#: How far a request line is looked at before it is decided whose it is, bytes.
MOST_TARGET = 2 * 1024
#: Seconds; a proxy that keeps a connection for longer finds it closed.
LONGEST_IDLE = 75.0
#: Seconds that a request may take to come in.
SLOWEST = 30.0
#: Seconds that a refused request may still be read, unheard: cut off at once, its sender would not see why.
LINGER = 5.0
SWEEP_SECONDS = 5.0


Elsewhere = Callable[[asyncio.Transport, bytes], None]
"""Takes a connection over, with the bytes that have come on it."""

Adopt = Callable[[asyncio.Transport, bytes], bool]
"""Takes over a connection whose first request is for a hook, or says that it does not."""


class Hooks:
    """All connections of a process."""

    def __init__(self, setup: Setup, receive: Receive, elsewhere: Elsewhere) -> None:
        self.targets = {f"/hooks/{account}".encode(): account for account in setup.accounts}
        self.receive = receive
        self.elsewhere = elsewhere
        self.limit = setup.limit
        self.refusals = setup.refusals
        self.response = Responses(setup.headers).of
        self.connections: set[HookConnection] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self.closing = False

    def watch(self, connection: HookConnection) -> None:
        """A new connection: it may not be quiet for ever."""
        self.connections.add(connection)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def account_of(self, data: bytes) -> str | None:
        """Whose hook the request asks for; None for all else. LookupError while too little of it has come."""
        if not data.startswith(PREFIX):
            if PREFIX.startswith(data):
                raise LookupError("the request line is not whole")
            return None
        end = data.find(b" ", len(PREFIX))
        if end < 0:
            if len(data) < MOST_TARGET:
                raise LookupError("the request line is not whole")
            return None
        return self.targets.get(data[5:end].partition(b"?")[0])

    async def close(self, grace: float) -> None:
        """Take no further request, and let those under way be answered for so many seconds."""
        self.closing = True
        if self._sweeper:
            self._sweeper.cancel()
        for connection in [*self.connections]:
            connection.close_when_answered()
        under_way = [one.answering for one in self.connections if one.answering]
        if under_way:
            await asyncio.wait(under_way, timeout=grace)
        for connection in [*self.connections]:
            connection.abort()
        await asyncio.sleep(0)  # the loop closes their sockets in its next round

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in [*self.connections]:
            connection.look(loop.time())
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)


class HookConnection(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, hooks: Hooks, adopt: Adopt | None = None) -> None:
        self._hooks = hooks
        self._adopt = adopt
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._held = b""  # came before it is known whose it is, or while an answer is made
        self._account: str | None = None  # of the request that is read
        self._since = self._loop.time()
        self._ends = False
        self._lingers = False
        self.answering: asyncio.Task[None] | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._forget()

    def _forget(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_size = 0
        self._body: list[bytes] = []
        self._size = 0
        self._asks_first = False
        self._whole = False
        self._refused = 0

    # the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # asyncio gives a Transport to a Protocol
        self._hooks.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        # What was received is kept all the same, though nobody hears it: the platform sends it again, and it is one.
        self._transport = None
        self._hooks.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._lingers:
            return
        if self.answering is not None:
            self._held += data
            if len(self._held) > self._hooks.limit and self._transport:
                self._transport.pause_reading()
        elif self._account is not None:
            self._feed(data)
        else:
            self._begin(self._held + data if self._held else data)

    def look(self, now: float) -> None:
        """Close what is quiet for too long; a request that hardly comes is refused."""
        if self.answering is not None:
            return
        quiet = now - self._since
        if self._account is not None and not self._lingers and quiet > SLOWEST:
            self._refuse(408)
        elif quiet > (LINGER if self._lingers else LONGEST_IDLE):
            self.abort()

    def close_when_answered(self) -> None:
        """No further request is read."""
        self._ends = True
        if self.answering is None:
            self.abort()

    def abort(self) -> None:
        """Break the connection off."""
        if self._transport is not None:
            self._transport.abort()
        self._hooks.connections.discard(self)

    # a request

    def _begin(self, data: bytes) -> None:
        try:
            self._account = self._hooks.account_of(data)
        except LookupError:
            self._held = data
            return
        self._held = b""
        self._since = self._loop.time()
        if self._transport is None:
            return
        if self._account is None:
            self._hooks.connections.discard(self)
            transport, self._transport = self._transport, None
            self._hooks.elsewhere(transport, data)
        elif self._adopt is None or not self._adopt(self._transport, data):
            self._feed(data)
        else:
            self._hooks.connections.discard(self)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refused = self._refused or 400
        except httptools.HttpParserError:
            self._refused = self._refused or 400
        if self._refused:
            self._refuse(self._refused)
        elif self._whole:
            self._answer()

    def on_message_begin(self) -> None:
        if self._whole:
            self._ends = True  # a second request without waiting for the answer: it must be asked again

    def on_url(self, url: bytes) -> None:
        if not self._whole:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._whole:
            return
        self._head_size += len(name) + len(value)
        if self._head_size > MOST_HEAD:
            self._refused = 431
            return
        name = name.lower()
        self._headers.append((name, value))
        if name == b"content-encoding" and value.strip().lower() != b"identity":
            self._refused = self._refused or 415
        elif name == b"content-length" and not (value.isdigit() and int(value) <= self._hooks.limit):
            self._refused = self._refused or 413
        elif name == b"expect":
            self._asks_first = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        if self._whole:
            return
        self._ends = self._ends or not self._parser.should_keep_alive()
        if self._asks_first and self._transport and not self._refused:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._whole:
            return
        self._size += len(body)
        if self._size > self._hooks.limit:
            self._refused = self._refused or 413
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._whole = True

    # its answer

    def _answer(self) -> None:
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        call = Raw(self._target, self._headers, body)
        self.answering = self._loop.create_task(self._reply(self._account or "", call))

    async def _reply(self, account: str, call: Raw) -> None:
        self._say(await self._hooks.receive(account, call))

    def _refuse(self, status: int) -> None:
        self._lingers = True
        self._since = self._loop.time()
        if self._transport is not None:
            self._transport.write(self._hooks.response(self._hooks.refusals[status], keep=False))
            self._transport.write_eof()

    def _say(self, answered: Answered) -> None:
        self.answering = self._account = None
        if self._transport is None:
            return
        ends = self._ends or self._hooks.closing
        self._transport.write(self._hooks.response(answered, keep=not ends))
        if ends:
            self._transport.close()
            return
        self._forget()
        self._since = self._loop.time()
        if self._held:
            held, self._held = self._held, b""
            self._transport.resume_reading()
            self._begin(held)
