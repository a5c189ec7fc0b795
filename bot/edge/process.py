"""The edge from the side of the process that thinks: started, fed, watched, and started again when it dies.

While there is none, calls are read and posts made in this process, so nothing depends on it but speed.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from bot.core import deadline
from bot.core.errors import LeaseLost
from bot.edge.calls import Receive, Setup
from bot.edge.frames import Answer, Call, Close, Closed, Frames, FromEdge, Post, Posted
from bot.edge.passing import Passed, Passing
from bot.edge.posting import CONNECTIONS, Poster
from bot.edge.posting import Answer as HttpAnswer

log = logging.getLogger(__name__)

#: Seconds between the death of an edge and the next one.
AGAIN = 1.0
#: It is looked at so often, seconds.
LOOK_SECONDS = 1.0
#: An edge that is silent for so long after a time-out hangs, seconds.
HANGS = 5.0
#: How long an edge that was told to end may take, seconds.
ENDING = 2.0

Returned = Callable[[socket.socket, bytes], None]
"""Takes a connection that asks for something else than a hook, with the bytes that have come on it."""


class EdgeProcess:
    """One edge. Until `serve` it has no calls to read, and posts only."""

    def __init__(self) -> None:
        self._ids = count(1)
        self._posts: dict[int, tuple[asyncio.Future[Posted], float]] = {}  # each with its last moment
        self._tasks: set[asyncio.Task[None]] = set()
        self._frames: Frames[FromEdge] | None = None
        self._passing: Passing | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._closed = asyncio.Event()
        self._setup: Setup | None = None
        self._receive: Receive | None = None
        self._returned: Returned | None = None

    async def start(self) -> None:
        """Start it and keep it alive; it is of use some tenths of a second later."""
        await self._launch()
        self._watch = asyncio.create_task(self._keep_alive(), context=contextvars.Context(), name="edge")

    async def stop(self) -> None:
        """After the last post."""
        if self._watch is None:
            return
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        self._watch = None
        await self._end()

    def serve(self, setup: Setup, receive: Receive, returned: Returned) -> None:
        """From now on connections may be given to it."""
        self._setup, self._receive, self._returned = setup, receive, returned
        if self._frames is not None:
            self._frames.say(setup)

    def adopt(self, transport: asyncio.Transport, data: bytes) -> bool:
        """Give it a connection whose first request is for a hook; False when it must be served here."""
        if self._setup is None or self._passing is None or self._frames is None:
            return False
        return self._passing.give(transport, data)

    async def refuse_calls(self, grace: float) -> None:
        """Take no more of them; those under way are answered within so many seconds."""
        self._setup = None
        if self._frames is None:
            return
        self._closed.clear()
        self._frames.say(Close(grace))
        with suppress(TimeoutError):
            async with asyncio.timeout(grace + 1):
                await self._closed.wait()

    async def post(self, base: str, path: bytes, body: bytes, seconds: float) -> HttpAnswer:
        """As `Poster.post`. Raises `ConnectionResetError` when the edge died meanwhile."""
        if self._frames is None:
            raise ConnectionResetError("there is no edge")
        id_, loop = next(self._ids), asyncio.get_running_loop()
        future: asyncio.Future[Posted] = loop.create_future()
        self._posts[id_] = future, loop.time() + seconds + HANGS
        self._frames.say(Post(id_, base, path, body, seconds, deadline.moment()))
        try:
            posted = await future
        finally:
            self._posts.pop(id_, None)
        if posted.unsent:
            raise LeaseLost("it was too late to send this: another node may have done it")
        if posted.late:
            raise TimeoutError("no answer in time")
        if posted.error:
            raise ConnectionError(posted.error)
        return posted.status, posted.body

    @property
    def is_there(self) -> bool:
        """Whether it can be used now."""
        return self._frames is not None

    # the process

    async def _launch(self) -> None:
        ours, theirs = socket.socketpair()
        our_passing, their_passing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, their_passing:
            handles = theirs.fileno(), their_passing.fileno()
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns at once; our own module
                [sys.executable, "-m", "bot.edge", *map(str, handles)], pass_fds=handles, stdin=subprocess.DEVNULL
            )
        self._over = asyncio.Event()
        frames: Frames[FromEdge] = Frames(FromEdge, self._heard, self._lost)
        ours.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: frames, ours)
        self._frames = frames
        self._passing = Passing(our_passing, frames.say, self._gave_back)
        if self._setup is not None:
            frames.say(self._setup)

    async def _keep_alive(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._over.wait()
            if not self._over.is_set() and not self._hangs():
                continue
            await self._end()
            log.error("the edge process ended; another is started", extra={"action": "edge.ended"})
            await asyncio.sleep(AGAIN)
            try:
                await self._launch()
            except OSError:
                log.exception("no edge process could be started", extra={"action": "edge.start"})
                self._over.set()

    def _hangs(self) -> bool:
        """It says nothing about a post whose time is long over: it is ended, and its posts fail."""
        now = asyncio.get_running_loop().time()
        return any(now > last and not post.done() for post, last in self._posts.values())

    async def _end(self) -> None:
        frames, self._frames = self._frames, None
        if frames is not None:
            frames.close()
        if self._passing is not None:
            self._passing.close()
            self._passing = None
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, ENDING)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
            self._process = None

    # what it says

    def _heard(self, record: FromEdge) -> None:
        match record:
            case Call():
                task = asyncio.get_running_loop().create_task(self._answer(record))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Posted():
                post, _ = self._posts.get(record.id, (None, 0.0))
                if post is not None and not post.done():
                    post.set_result(record)
            case Passed():
                if self._passing is not None:
                    self._passing.heard(record)
            case Closed():
                self._closed.set()

    def _lost(self) -> None:
        self._frames = None
        self._over.set()
        self._closed.set()
        for post, _ in self._posts.values():
            if not post.done():
                post.set_exception(ConnectionResetError("the edge process ended"))

    async def _answer(self, call: Call) -> None:
        frames = self._frames
        if self._receive is None or frames is None:
            return
        answered = await self._receive(call.account, call.raw)
        with suppress(ConnectionResetError):  # the platform sends it again, and it is one
            frames.say(Answer(call.id, answered))

    def _gave_back(self, connection: socket.socket, data: bytes) -> None:
        if self._returned is None:
            connection.close()
        else:
            self._returned(connection, data)


class EdgePoster:
    """A `Poster` whose calls leave from the edge, and from here while there is none."""

    def __init__(self, edge: EdgeProcess, base: str, *, connections: int = CONNECTIONS) -> None:
        self._edge = edge
        self._base = base
        self._own = Poster(base, connections=connections)

    async def post(self, path: bytes, body: bytes, seconds: float) -> HttpAnswer:
        """See `Poster.post`."""
        if self._edge.is_there:
            return await self._edge.post(self._base, path, body, seconds)
        return await self._own.post(path, body, seconds)

    async def close(self) -> None:
        """See `Poster.close`."""
        await self._own.close()
