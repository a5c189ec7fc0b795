"""Hook connections against senders that post well, in pieces, too much, nonsense, or something else altogether."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bot.core.ports import HookRequest
from bot.edge import hooks
from bot.edge.calls import Answered, Raw, Setup
from bot.edge.hooks import HookConnection, Hooks

LIMIT = 64 * 1024
POST = b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nX-Secret: s\xc3\xa9\r\nContent-Length: 5\r\n\r\nhello"


@dataclass
class Receiver:
    """Keeps what it is given; answers once `open_` is set."""

    calls: list[HookRequest] = field(default_factory=list)
    open_: asyncio.Event = field(default_factory=asyncio.Event)
    handed_over: list[bytes] = field(default_factory=list)
    port: int = 0
    hooks: Hooks | None = None
    senders: list[asyncio.StreamWriter] = field(default_factory=list)

    async def receive(self, account: str, raw: Raw) -> Answered:
        assert account == "shop"
        self.calls.append(raw.request())
        await self.open_.wait()
        return Answered(200, b"ok %d" % len(self.calls), "text/plain", "r1")

    def elsewhere(self, transport: asyncio.Transport, data: bytes) -> None:
        self.handed_over.append(data)
        transport.write(b"other")
        transport.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver()
    found.open_.set()
    refusals = {status: Answered(status, b"why", "text/plain", "") for status in (400, 408, 413, 415, 431)}
    setup = Setup(("shop",), LIMIT, {"X-Frame-Options": "DENY"}, refusals)
    kept = found.hooks = Hooks(setup, found.receive, found.elsewhere)
    server = await asyncio.get_running_loop().create_server(lambda: HookConnection(kept), "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await found.hooks.close(1.0)
    for writer in found.senders:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in found.senders), return_exceptions=True)


class Sender:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, receiver: Receiver) -> Sender:
        reader, writer = await asyncio.open_connection("127.0.0.1", receiver.port)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        receiver.senders.append(writer)
        return cls(reader, writer)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> str:
        return (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode()

    async def answer(self) -> tuple[int, str, bytes]:
        head = await self.head()
        length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
        return int(head[9:12]), head, await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 5)


async def test_a_post_is_read_whole_and_answered(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    sender.send(POST.replace(b"/hooks/shop", b"/hooks/shop?a=1&b=%20c&d="))
    status, head, body = await sender.answer()
    assert (status, body) == (200, b"ok 1")
    assert "X-Frame-Options: DENY" in head
    assert "X-Request-Id: r1" in head
    assert "\r\nDate: " in head
    call = receiver.calls[0]
    assert (call.method, call.path, call.body) == ("POST", "/hooks/shop", b"hello")
    assert call.query == {"a": "1", "b": " c", "d": ""}
    assert call.headers["x-secret"] == "sé"


async def test_a_connection_is_kept_for_the_next_post(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    for number in (1, 2, 3):
        sender.send(POST)
        assert (await sender.answer())[2] == b"ok %d" % number


@pytest.mark.parametrize("cut", range(1, len(POST), 7))
async def test_pieces_make_one_post(receiver: Receiver, cut: int) -> None:
    sender = await Sender.to(receiver)
    sender.send(POST[:cut])
    await asyncio.sleep(0.01)
    sender.send(POST[cut:])
    assert (await sender.answer())[2] == b"ok 1"
    assert receiver.calls[0].body == b"hello"


async def test_chunks_make_one_body(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    sender.send(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n")
    sender.send(b"0\r\n\r\n")
    assert (await sender.answer())[0] == 200
    assert receiver.calls[0].body == b"hello"


async def test_who_asks_first_is_told_to_go_on(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    head, _, body = POST.partition(b"\r\n\r\n")
    sender.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert (await sender.head()).startswith("HTTP/1.1 100 ")
    sender.send(body)
    assert (await sender.answer())[0] == 200


async def test_a_second_post_that_does_not_wait_is_not_answered(receiver: Receiver) -> None:
    """In one piece with the first: its sender sees the end of the connection, and sends it again."""
    sender = await Sender.to(receiver)
    sender.send(POST + POST)
    assert "Connection: close" in (await sender.answer())[1]
    assert await sender.rest() == b""
    assert len(receiver.calls) == 1


async def test_a_post_that_comes_while_another_is_answered_waits(receiver: Receiver) -> None:
    receiver.open_.clear()
    sender = await Sender.to(receiver)
    sender.send(POST)
    while not receiver.calls:
        await asyncio.sleep(0.005)
    sender.send(POST)
    await asyncio.sleep(0.02)
    assert len(receiver.calls) == 1
    receiver.open_.set()
    assert [(await sender.answer())[2] for _ in range(2)] == [b"ok 1", b"ok 2"]


@pytest.mark.parametrize(
    "other",
    [
        b"GET /hooks/shop HTTP/1.1\r\n\r\n",
        b"POST /hooks/unknown HTTP/1.1\r\n\r\n",
        b"POST /hooks/pay/local HTTP/1.1\r\n\r\n",
        b"POST /hooks/shop/more HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01 no http",
        b"POST /hooks/" + b"x" * hooks.MOST_TARGET,
    ],
)
async def test_anything_else_goes_elsewhere_with_its_bytes(receiver: Receiver, other: bytes) -> None:
    sender = await Sender.to(receiver)
    sender.send(other)
    assert await sender.rest() == b"other"
    assert receiver.handed_over == [other]


async def test_a_proxy_may_mix_on_one_connection(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    sender.send(POST)
    assert (await sender.answer())[0] == 200
    sender.send(b"GET / HTTP/1.1\r\n\r\n")
    assert await sender.rest() == b"other"
    assert receiver.handed_over == [b"GET / HTTP/1.1\r\n\r\n"]


def _headed(*lines: bytes) -> bytes:
    return b"\r\n".join((b"POST /hooks/shop HTTP/1.1", b"Host: x", *lines)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (_headed(b"Content-Length: 3000000000"), 413),
        (
            _headed(b"Transfer-Encoding: chunked") + b"ffff\r\n" + b"x" * 0xFFFF + b"\r\nf\r\n" + b"x" * 15 + b"\r\n",
            413,
        ),
        (_headed(b"Content-Encoding: gzip", b"Content-Length: 1") + b"x", 415),
        (_headed(*(b"X-%d: %s" % (number, b"y" * 1000) for number in range(40))), 431),
        (_headed(b"Content-Length: 1", b"Transfer-Encoding: chunked"), 400),
        (_headed(b"Content-Length: 1", b"Content-Length: 2"), 400),
        (_headed(b"Content-Length: -1"), 400),
        (_headed(b"no colon"), 400),
        (_headed(b"Connection: upgrade", b"Upgrade: websocket"), 400),
        (b"POST /hooks/shop HTTP/9.x\r\n\r\n", 400),
    ],
)
async def test_what_is_no_proper_request_is_refused_before_anybody_is_asked(
    receiver: Receiver, request_: bytes, status: int
) -> None:
    sender = await Sender.to(receiver)
    sender.send(request_)
    found, head, body = await sender.answer()
    assert (found, body) == (status, b"why")
    assert "Connection: close" in head
    assert receiver.calls == []


async def test_a_refused_sender_hears_why_before_it_is_cut_off(receiver: Receiver) -> None:
    sender = await Sender.to(receiver)
    sender.send(_headed(b"Content-Length: 3000000000"))
    for _ in range(50):
        sender.send(b"x" * 100_000)
        await asyncio.sleep(0)
    assert (await sender.answer())[0] == 413


async def test_an_old_or_leaving_sender_is_not_kept(receiver: Receiver) -> None:
    for one in (POST.replace(b"HTTP/1.1", b"HTTP/1.0"), POST.replace(b"Host: x", b"Connection: close")):
        sender = await Sender.to(receiver)
        sender.send(one)
        assert (await sender.answer())[0] == 200
        assert await sender.rest() == b""


async def test_who_hardly_sends_is_cut_off(receiver: Receiver) -> None:
    assert receiver.hooks
    slow, quiet = await Sender.to(receiver), await Sender.to(receiver)
    slow.send(POST[:-1])
    quiet.send(b"POST /ho")
    while len(receiver.hooks.connections) < 2:
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)
    now = asyncio.get_running_loop().time()
    for connection in [*receiver.hooks.connections]:
        connection.look(now + hooks.SLOWEST + 1)
    assert (await slow.answer())[0] == 408
    for connection in [*receiver.hooks.connections]:
        connection.look(now + hooks.LONGEST_IDLE + 1)
    assert await quiet.rest() == b""
    assert receiver.calls == []


async def test_what_is_under_way_is_answered_at_the_end_and_nothing_new_is_taken(receiver: Receiver) -> None:
    assert receiver.hooks
    receiver.open_.clear()
    busy, idle = await Sender.to(receiver), await Sender.to(receiver)
    busy.send(POST)
    while not receiver.calls or len(receiver.hooks.connections) < 2:
        await asyncio.sleep(0.005)
    closing = asyncio.create_task(receiver.hooks.close(5.0))
    assert await idle.rest() == b""
    receiver.open_.set()
    assert "Connection: close" in (await busy.answer())[1]
    await closing


async def test_a_sender_that_left_is_still_heard(receiver: Receiver) -> None:
    receiver.open_.clear()
    sender = await Sender.to(receiver)
    sender.send(POST)
    while not receiver.calls:
        await asyncio.sleep(0.005)
    sender.writer.transport.abort()
    await asyncio.sleep(0.02)
    receiver.open_.set()
    await asyncio.sleep(0.02)
    assert len(receiver.calls) == 1
    assert receiver.hooks
    assert not receiver.hooks.connections
