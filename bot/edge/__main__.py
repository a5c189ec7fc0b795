"""The edge: a process that reads webhook calls and posts what leaves, so that the one that thinks has its core alone.

It knows nothing of channels, keeps nothing, and decides nothing. `python -m bot.edge STREAM PASSING` is started by
`bot.edge.process` with two inherited sockets, and ends when the other end of the stream does.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Coroutine
from itertools import count
from typing import Any

from bot.core import deadline
from bot.core.errors import LeaseLost
from bot.edge.calls import Answered, Raw, Setup
from bot.edge.frames import Answer, Call, Close, Closed, Frames, Post, Posted, ToEdge
from bot.edge.hooks import HookConnection, Hooks
from bot.edge.passing import Passed, Passing, resume
from bot.edge.posting import CONNECTIONS, Poster


class Edge:
    """Both directions of one process."""

    def __init__(self, passing: socket.socket) -> None:
        self.frames: Frames[ToEdge] = Frames(ToEdge, self._heard, self._end)
        self.ended = asyncio.Event()
        self._passing = Passing(passing, self.frames.say, self._connected)
        self._hooks: asyncio.Future[Hooks] = asyncio.get_running_loop().create_future()  # known with the first word
        self._posters: dict[str, Poster] = {}
        self._ids = count(1)
        self._calls: dict[int, asyncio.Future[Answered]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def _heard(self, record: ToEdge) -> None:
        match record:
            case Answer():
                call = self._calls.pop(record.id, None)
                if call is not None and not call.done():
                    call.set_result(record.answered)
            case Passed():
                self._passing.heard(record)
            case Post():
                self._do(self._post(record))
            case Setup():
                self._hooks.set_result(Hooks(record, self._receive, self._elsewhere))
            case Close():
                self._do(self._close(record.grace))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self) -> None:
        self.ended.set()

    # calls that come in

    def _connected(self, connection: socket.socket, data: bytes) -> None:
        self._do(self._adopt(connection, data))

    async def _adopt(self, connection: socket.socket, data: bytes) -> None:
        hooks = await self._hooks  # a connection may come faster than what to do with it
        if hooks.closing:
            connection.close()
            return
        await resume(connection, HookConnection(hooks), data)

    async def _receive(self, account: str, raw: Raw) -> Answered:
        id_ = next(self._ids)
        answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._calls[id_] = answer
        self.frames.say(Call(id_, account, raw))
        return await answer

    def _elsewhere(self, transport: asyncio.Transport, data: bytes) -> None:
        if not self._passing.give(transport, data):
            transport.abort()

    async def _close(self, grace: float) -> None:
        if self._hooks.done():
            await self._hooks.result().close(grace)
        self.frames.say(Closed())

    # posts that leave

    async def _post(self, post: Post) -> None:
        poster = self._posters.get(post.base)
        if poster is None:
            poster = self._posters[post.base] = Poster(post.base, connections=CONNECTIONS)
        try:
            with deadline.until(post.until):
                status, body = await poster.post(post.path, post.body, post.seconds)
        except LeaseLost:
            posted = Posted(post.id, unsent=True)
        except TimeoutError:
            posted = Posted(post.id, error="TimeoutError", late=True)
        except Exception as error:  # told to the caller, who knows what it was for
            posted = Posted(post.id, error=type(error).__name__)
        else:
            posted = Posted(post.id, status, body)
        self.frames.say(posted)


async def serve(stream: int, passing: int) -> None:
    """Work until the other end is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the one that thinks says when it is over
    edge = Edge(socket.socket(fileno=passing))
    await asyncio.get_running_loop().connect_accepted_socket(lambda: edge.frames, socket.socket(fileno=stream))
    gc.collect()
    gc.freeze()
    await edge.ended.wait()


def main() -> None:
    """See above."""
    stream, passing = int(sys.argv[1]), int(sys.argv[2])
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(stream, passing))
    else:
        uvloop.run(serve(stream, passing))


if __name__ == "__main__":
    main()
