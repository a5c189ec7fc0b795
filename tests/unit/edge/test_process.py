"""The edge as a real process: calls come in and posts leave through it, and its death costs no more than time."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bot.core import deadline
from bot.core.errors import LeaseLost
from bot.edge import process
from bot.edge.calls import Answered, Raw, Setup
from bot.edge.hooks import HookConnection, Hooks
from bot.edge.passing import resume
from bot.edge.process import EdgePoster, EdgeProcess

POST = b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nX-Secret: \xff\r\nContent-Length: 5\r\n\r\nhello"
OTHER = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Front:
    """A listening server with an edge behind it, as the web side has one."""

    edge: EdgeProcess
    port: int = 0
    calls: list[Raw] = field(default_factory=list)
    open_: asyncio.Event = field(default_factory=asyncio.Event)
    served_here: int = 0
    came_back: list[bytes] = field(default_factory=list)
    wants: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def receive(self, account: str, raw: Raw) -> Answered:
        assert account == "shop"
        self.calls.append(raw)
        await self.open_.wait()
        return Answered(200, b"ok", "text/plain", "r1")

    async def receive_here(self, account: str, raw: Raw) -> Answered:
        self.served_here += 1
        return await self.receive(account, raw)

    def elsewhere(self, transport: asyncio.Transport, data: bytes) -> None:
        self.came_back.append(data)
        transport.write(b"other")
        transport.close()

    def returned(self, connection: socket.socket, data: bytes) -> None:
        self.came_back.append(b"")
        task = asyncio.create_task(resume(connection, _Reader(self), data))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class _Reader(asyncio.Protocol):
    """What the application does with a connection that comes back."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._front.came_back[-1] += data
        if len(self._front.came_back[-1]) >= self._front.wants:
            self._transport.write(b"other")
            self._transport.close()


@asynccontextmanager
async def fronted() -> AsyncIterator[Front]:
    front = Front(EdgeProcess())
    front.open_.set()
    refusals = {status: Answered(status, b"why") for status in (400, 408, 413, 415, 431)}
    setup = Setup(("shop",), 1024, {}, refusals)
    hooks = Hooks(setup, front.receive_here, front.elsewhere)
    await front.edge.start()
    front.edge.serve(setup, front.receive, front.returned)
    server = await asyncio.get_running_loop().create_server(
        lambda: HookConnection(hooks, front.edge.adopt), "127.0.0.1", 0
    )
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()
        await hooks.close(1.0)
        await front.edge.stop()


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with fronted() as found:
        yield found


async def send(front: Front, data: bytes = POST) -> bytes:
    """What comes back on a connection of its own until it is quiet after its first answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    try:
        writer.write(data)
        return await asyncio.wait_for(reader.read(65536), 10)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_call_comes_in_through_the_edge(front: Front) -> None:
    answer = await send(front)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok")
    assert front.served_here == 0
    assert front.calls[0].body == b"hello"
    assert front.calls[0].request().headers["x-secret"] == "\udcff"  # half a character comes over as it was


async def test_what_is_refused_before_anybody_is_asked_is_refused_there(front: Front) -> None:
    answer = await send(front, POST.replace(b"Content-Length: 5", b"Content-Length: 2000"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert front.calls == []


async def test_a_first_request_for_something_else_never_gets_there(front: Front) -> None:
    assert await send(front, OTHER) == b"other"
    assert front.came_back == [OTHER]


async def test_a_proxy_may_mix_on_one_connection(front: Front) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    writer.write(POST)
    assert (await asyncio.wait_for(reader.read(65536), 10)).startswith(b"HTTP/1.1 200 ")
    writer.write(OTHER)
    assert await asyncio.wait_for(reader.read(), 10) == b"other"
    assert front.came_back == [OTHER]
    writer.close()
    await writer.wait_closed()


async def test_a_large_request_comes_back_whole_and_in_order(front: Front) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", front.port)
    writer.write(POST)
    await asyncio.wait_for(reader.read(65536), 10)
    body = b"".join(b"%07d\n" % number for number in range(50_000))
    writer.write(b"POST /api HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    front.wants = len(body)
    assert await asyncio.wait_for(reader.read(), 10) == b"other"
    assert front.came_back[0].endswith(body)
    writer.close()
    await writer.wait_closed()


async def test_killed_it_is_started_again_and_calls_are_served_here_meanwhile(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "AGAIN", 0.2)
    await send(front)
    _kill(front.edge, signal.SIGKILL)
    await until(lambda: not front.edge.is_there)
    assert (await send(front)).startswith(b"HTTP/1.1 200 ")
    assert front.served_here == 1
    await until(lambda: front.edge.is_there)
    assert (await send(front)).startswith(b"HTTP/1.1 200 ")
    assert front.served_here == 1


async def test_a_call_that_was_kept_while_the_edge_died_gets_no_answer(front: Front) -> None:
    """The platform sends it again, and it is one: that is the inbox's part."""
    front.open_.clear()
    sending = asyncio.create_task(send(front))
    await until(lambda: bool(front.calls))
    _kill(front.edge, signal.SIGKILL)
    answer = await asyncio.gather(sending, return_exceptions=True)
    assert answer[0] == b"" or isinstance(answer[0], ConnectionError)
    front.open_.set()


async def test_at_the_end_what_is_under_way_is_answered(front: Front) -> None:
    front.open_.clear()
    sending = asyncio.create_task(send(front))
    await until(lambda: bool(front.calls))
    closing = asyncio.create_task(front.edge.refuse_calls(5.0))
    await asyncio.sleep(0.05)
    front.open_.set()
    assert b"Connection: close" in await sending
    await closing
    await send(front)
    assert front.served_here == 1  # it is given no more


Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def platform(play: Play) -> AsyncIterator[str]:
    server = await asyncio.start_server(play, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _says_hi(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.write(b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (length, body))
    writer.close()


async def _says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_a_post_leaves_through_the_edge(front: Front) -> None:
    async with platform(_says_hi) as base:
        poster = EdgePoster(front.edge, base)
        assert await poster.post(b"/x", b'{"a": 1}', 5.0) == (201, b'{"a": 1}')
        await poster.close()


async def test_what_the_edge_reads_too_late_does_not_leave(front: Front) -> None:
    """The process that thinks was stopped after it had decided, and before it had written."""
    async with platform(_says_hi) as base:
        poster = EdgePoster(front.edge, base)
        with deadline.until(deadline.elapsed() + 0.2):
            posting = asyncio.create_task(poster.post(b"/late", b"{}", 5.0))
            await asyncio.sleep(0)  # it is said, and leaves at the end of this round of the loop
            time.sleep(0.3)
            with pytest.raises(LeaseLost):
                await posting
        with deadline.until(deadline.elapsed() + 60):
            assert await poster.post(b"/x", b"{}", 5.0) == (201, b"{}")
        await poster.close()


async def test_what_goes_wrong_out_there_is_told(front: Front) -> None:
    async with platform(_says_nothing) as base:
        poster = EdgePoster(front.edge, base)
        with pytest.raises(TimeoutError):
            await poster.post(b"/x", b"{}", 0.1)
    with pytest.raises(OSError, match="Refused"):
        await EdgePoster(front.edge, "http://127.0.0.1:1").post(b"/x", b"{}", 1.0)


async def test_a_post_is_given_up_when_the_edge_dies_and_made_here_while_there_is_none(front: Front) -> None:
    async with platform(_says_nothing) as base:
        posting = asyncio.create_task(EdgePoster(front.edge, base).post(b"/x", b"{}", 30.0))
        await asyncio.sleep(0.3)
        _kill(front.edge, signal.SIGKILL)
        with pytest.raises(ConnectionResetError):
            await posting
    await until(lambda: not front.edge.is_there)
    async with platform(_says_hi) as base:
        poster = EdgePoster(front.edge, base)
        assert await poster.post(b"/x", b"{}", 5.0) == (201, b"{}")
        await poster.close()


async def test_an_edge_that_hangs_is_ended(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("HANGS", 0.1), ("LOOK_SECONDS", 0.05), ("ENDING", 0.1), ("AGAIN", 0.1)):
        monkeypatch.setattr(process, name, seconds)
    async with platform(_says_hi) as base:
        poster = EdgePoster(front.edge, base)
        await poster.post(b"/x", b"{}", 5.0)
        _kill(front.edge, signal.SIGSTOP)
        with pytest.raises(OSError, match="ended"):
            await poster.post(b"/x", b"{}", 0.1)
        await until(lambda: front.edge.is_there)
        assert await poster.post(b"/x", b"{}", 5.0) == (201, b"{}")


async def test_it_ends_with_the_one_it_works_for() -> None:
    async with fronted() as front:
        await send(front)
        child = front.edge._process
        assert child is not None
    assert child.poll() == 0


def _kill(edge: EdgeProcess, how: signal.Signals) -> None:
    assert edge._process is not None
    os.kill(edge._process.pid, how)
