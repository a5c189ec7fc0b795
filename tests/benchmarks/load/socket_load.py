"""Many sockets of the web chat that do nothing, or never read, with a few visitors beside them who do write.

    python -m tests.benchmarks.load.socket_load idle --address 127.0.0.1:8080 --pid 42 --sockets 10000 --seconds 10
    python -m tests.benchmarks.load.socket_load deaf --address 127.0.0.1:8080 --pid 42 --sockets 100 --seconds 60 \
        --rate 1000

`deaf` sockets send `rate` long messages a second between them and read nothing, until all are cut or the time is over.
`pid` is the server, whose memory is looked at. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import time
from collections.abc import Sequence

import uvloop

from tests.benchmarks.processes import resident_megabytes

AT_ONCE = 100  # hand-shakes under way
LONG = "x" * 3900
HEAD = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: cGFybGV5LWNoYXQtbG9hZA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def frame(text: str) -> bytes:
    """Masked with zeros, which is a mask; shorter than 65,536 bytes."""
    body = text.encode()
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return b"\x81" + size + bytes(4) + body


class Socket(asyncio.Protocol):
    """One visitor; `ready` once the namespace let it in, `gone` once the connection ended."""

    __slots__ = ("_answers", "_host", "_number", "_tail", "gone", "ready", "transport")

    def __init__(self, host: str) -> None:
        self._host = host
        self._tail = b""
        self._number = 0
        self._answers: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # asyncio gives a Transport to a Protocol
        self.write(HEAD.format(self._host).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        for future in (self.ready, self._answers):
            if future and not future.done():
                future.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        data, self._tail = self._tail + data, data[-8:]
        if not self.ready.done():
            if b"pingInterval" in data:
                self.write(frame("40/chat,{}"))
            if b"40/chat," in data:
                self.ready.set_result(None)
        elif b"\x81\x012" in data:
            self.write(frame("3"))
        if self._answers and b"43/chat," in data and not self._answers.done():
            self._answers.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self.transport and not self.gone:
            self.transport.write(data)

    def look(self) -> None:
        """Find out whether the connection stands, without reading."""
        own = self.transport.get_extra_info("socket") if self.transport and not self.gone else None
        if own is not None and own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.gone = True

    def say(self, text: str) -> None:
        """A message."""
        self._number += 1
        body = json.dumps(["message", {"id": f"m-{self._number}", "text": text}])
        self.write(frame(f"42/chat,{self._number}{body}"))

    async def asks(self) -> float:
        """Milliseconds from a message to its acknowledgement."""
        self._answers, begun = asyncio.get_running_loop().create_future(), time.perf_counter()
        self.say("hi")
        await self._answers
        self._answers = None
        return (time.perf_counter() - begun) * 1000


async def opened(address: str, gate: asyncio.Semaphore, room: int = 0) -> Socket:
    """A connected socket; `room` bytes is what it takes in unread, 0 for as much as the system likes."""
    host, _, port = address.partition(":")
    own = socket.socket()
    if room:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    own.setblocking(False)
    loop = asyncio.get_running_loop()
    async with gate:
        await loop.sock_connect(own, (host, int(port)))
        _, made = await loop.create_connection(lambda: Socket(address), sock=own)
        await made.ready
    return made


async def open_many(address: str, count: int, room: int = 0) -> list[Socket]:
    """So many, some at a time."""
    gate = asyncio.Semaphore(AT_ONCE)
    return await asyncio.gather(*(opened(address, gate, room) for _ in range(count)))


async def write_now_and_then(active: Sequence[Socket], until: float) -> list[float]:
    """Each a message a second; the milliseconds of all acknowledgements."""
    took: list[float] = []

    async def writes(one: Socket, delay: float) -> None:
        await asyncio.sleep(delay)
        while time.perf_counter() < until:
            took.append(await one.asks())
            await asyncio.sleep(1.0)

    await asyncio.gather(*(writes(one, number / len(active)) for number, one in enumerate(active)))
    return took


def at(values: Sequence[float], share: float) -> float:
    """A percentile; -1 of nothing."""
    ordered = sorted(values)
    return round(ordered[int((len(ordered) - 1) * share)], 2) if ordered else -1.0


async def idle(options: argparse.Namespace) -> dict[str, float]:
    """Connect all, then hold them while a few write."""
    before, begun = resident_megabytes(options.pid), time.perf_counter()
    sockets = await open_many(options.address, options.sockets)
    connected = time.perf_counter() - begun
    active = await open_many(options.address, options.active)
    took = await write_now_and_then(active, time.perf_counter() + options.seconds)
    return {
        "sockets": options.sockets,
        "connected_s": round(connected, 2),
        "before_mb": before,
        "resident_mb": resident_megabytes(options.pid),
        "lost": sum(one.gone for one in sockets),
        "acked": len(took),
        "ack_p50_ms": at(took, 0.5),
        "ack_p99_ms": at(took, 0.99),
    }


async def deaf(options: argparse.Namespace) -> dict[str, float]:
    """Sockets that write and never read, until each is cut."""
    active = await open_many(options.address, options.active)
    deaf_ones = await open_many(options.address, options.sockets, room=4096)
    for one in deaf_ones:
        if one.transport:
            one.transport.pause_reading()
    before, begun, highest = resident_megabytes(options.pid), time.perf_counter(), 0.0
    until = begun + options.seconds
    beside = asyncio.create_task(write_now_and_then(active, until))
    sent, cut_s = 0, -1.0
    while (now := time.perf_counter()) < until and cut_s < 0:
        for number in range(sent, min(sent + options.rate, int((now - begun) * options.rate))):
            deaf_ones[number % len(deaf_ones)].say(LONG)
            sent += 1
        for one in deaf_ones:
            one.look()
        highest = max(highest, resident_megabytes(options.pid))
        if all(one.gone for one in deaf_ones):
            cut_s = now - begun
        await asyncio.sleep(0.02)
    beside.cancel()
    return {
        "sockets": options.sockets,
        "sent": sent,
        "sent_mb": round(sent * len(LONG) / 2**20, 1),
        "cut": sum(one.gone for one in deaf_ones),
        "all_cut_s": round(cut_s, 1),
        "before_mb": before,
        "growth_mb": round(highest - before, 1),
        "after_mb": resident_megabytes(options.pid),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("load", choices=["idle", "deaf"])
    parser.add_argument("--address", required=True)
    for name, default in (("pid", 0), ("sockets", 100), ("active", 20), ("seconds", 10), ("rate", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    found = uvloop.run(idle(options) if options.load == "idle" else deaf(options))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
