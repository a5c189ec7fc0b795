"""The load of `chat_load.rs` where there is no rustc: same options, same JSON, more CPU.

python -m tests.benchmarks.load.chat_load --address 127.0.0.1:8080 --sockets 64 --warm 500 --total 6000 --rate 200 ...
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Sequence

import aiohttp
import uvloop

ACK = re.compile(r"43/chat,(\d+)")
REPLY = re.compile(r'42/chat,\["message".*mark-(\d+)-mark')


class Board:
    """Seconds of each message: when it was due, acknowledged, answered; zero means not yet."""

    def __init__(self, messages: int, sockets: int) -> None:
        self.due, self.acked, self.replied = ([0.0] * messages for _ in range(3))
        self.newest = [-1] * sockets
        self.counts: Counter[str] = Counter()

    def reply(self, number: int) -> None:
        """Note a reply."""
        if self.replied[number]:
            self.counts["doubled"] += 1
            return
        self.replied[number] = time.perf_counter()
        self.counts["replied"] += 1
        mine = number % len(self.newest)
        self.counts["reordered"] += self.newest[mine] > number
        self.newest[mine] = max(number, self.newest[mine])


class Visitor:
    """One socket: `listen` notes what the server says, `say` sends."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, board: Board, sign: str) -> None:
        self._socket = socket
        self._sign = sign  # words of a reply
        self._board = board
        self.acknowledged = asyncio.Event()

    async def enter(self) -> None:
        """Into the namespace, as a new visitor."""
        await self._until("0")
        await self._socket.send_str("40/chat,{}")
        await self._until("40")

    async def _until(self, start: str) -> None:
        while not (await self._socket.receive_str()).startswith(start):
            pass

    async def listen(self) -> None:
        """Until the connection ends."""
        async for message in self._socket:
            text = str(message.data)
            if text == "2":
                await self._socket.send_str("3")
            elif found := ACK.match(text):
                self._ack(int(found[1]), text)
            elif self._sign in text and (found := REPLY.match(text)):
                self._board.reply(int(found[1]))

    def _ack(self, number: int, text: str) -> None:
        if '"ok":false' in text:
            self._board.counts["refused"] += 1
        else:
            self._board.acked[number] = time.perf_counter()
        self.acknowledged.set()

    async def say(self, number: int) -> None:
        """Message `number`."""
        body = json.dumps(["message", {"id": f"load-{number}", "text": f"echo mark-{number}-mark"}])
        await self._socket.send_str(f"42/chat,{number}{body}")


async def speak(visitor: Visitor, board: Board, numbers: Sequence[int], first: int, begin: float, rate: int) -> None:
    """Send these, each when it is due, or with rate 0 each after the acknowledgement of the last."""
    for number in numbers:
        due = begin + (number - first) / rate if rate else time.perf_counter()
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        board.due[number] = due
        visitor.acknowledged.clear()
        await visitor.say(number)
        if not rate:
            await visitor.acknowledged.wait()


async def run(options: argparse.Namespace, board: Board, visitors: list[Visitor], first: int, last: int) -> None:
    """A range over all sockets, until all are answered or nothing comes any more."""
    begin = time.perf_counter() + 0.1
    count = len(visitors)
    shares = [[n for n in range(first, last) if n % count == mine] for mine in range(count)]
    async with asyncio.timeout(600):
        await asyncio.gather(
            *(speak(v, board, s, first, begin, options.rate) for v, s in zip(visitors, shares, strict=True))
        )
    seen, since = -1, time.perf_counter()
    while board.counts["replied"] < last and time.perf_counter() - since < options.patience:
        if seen != board.counts["replied"]:
            seen, since = board.counts["replied"], time.perf_counter()
        await asyncio.sleep(0.005)


async def connected(address: str, client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """A WebSocket to the server, which may still be starting; at most 60 s."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await client.ws_connect(f"http://{address}/socket.io/?EIO=4&transport=websocket")
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def times(since: list[float], until: list[float]) -> dict[str, float]:
    """Rate a second, median, 99th percentile and worst in milliseconds."""
    took = sorted((end - start) * 1000 for start, end in zip(since, until, strict=True) if end)
    if not took:
        return {"per_s": 0.0, "p50": -1.0, "p99": -1.0, "max": -1.0}
    span = max(until) - min(start for start in since if start)
    rank = len(took) - 1
    found = {"p50": took[int(rank * 0.5)], "p99": took[int(rank * 0.99)], "max": took[-1]}
    return {"per_s": round(len(took) / span)} | {name: round(value, 2) for name, value in found.items()}


def report(options: argparse.Namespace, board: Board) -> dict[str, float]:
    """What the Rust program prints, too."""
    warm = options.warm
    acks = times(board.due[warm:], board.acked[warm:])
    replies = times(board.due[warm:], board.replied[warm:])
    lost = sum(1 for acked, replied in zip(board.acked, board.replied, strict=True) if acked and not replied)
    found = {
        "total": options.total,
        "acked": sum(1 for one in board.acked[warm:] if one),
        "replied": sum(1 for one in board.replied[warm:] if one),
        "acks_per_s": acks["per_s"],
        "replies_per_s": replies["per_s"],
        "lost": lost,
    }
    found |= {f"ack_{name}_ms": acks[name] for name in ("p50", "p99", "max")}
    found |= {f"reply_{name}_ms": replies[name] for name in ("p50", "p99")}
    return found | {name: board.counts[name] for name in ("doubled", "reordered", "refused")}


async def main(options: argparse.Namespace) -> None:
    """Connect, warm up, measure, print."""
    board = Board(options.warm + options.total, options.sockets)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
        opened = [await connected(options.address, client) for _ in range(options.sockets)]
        visitors = [Visitor(socket, board, options.sign) for socket in opened]
        for visitor in visitors:
            await visitor.enter()
        listening = [asyncio.create_task(visitor.listen()) for visitor in visitors]
        await run(options, board, visitors, 0, options.warm)
        await run(options, board, visitors, options.warm, options.warm + options.total)
        await asyncio.sleep(0.3)  # late doubles
        for task in listening:
            task.cancel()
    print(json.dumps(report(options, board)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    for name in ("sockets", "warm", "total", "rate", "patience"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--sign", default="You said: ")
    uvloop.run(main(parser.parse_args()))
