"""The load of `telegram_load.rs` where there is no rustc: same options, same JSON, more CPU.

python -m tests.benchmarks.load.telegram_load --api 8081 --hook 127.0.0.1:8080/hooks/telegram ...
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field

import uvloop

MARK = re.compile(rb"mark-(\d+)-mark")
LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"transfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
ME = '{"id":42,"is_bot":true,"first_name":"Bench","username":"bench_bot"}'


@dataclass
class Board:
    """Seconds of each update's post, acknowledgement and reply; zero means not yet."""

    updates: int
    chats: int
    posted: list[float] = field(init=False)
    acked: list[float] = field(init=False)
    replied: list[float] = field(init=False)
    newest: dict[int, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.posted, self.acked, self.replied = ([0.0] * self.updates for _ in range(3))

    def reply(self, body: bytes) -> None:
        """Note a `sendMessage`."""
        found = MARK.search(body)
        number = int(found[1]) if found else self.updates
        if number >= self.updates:
            self.counts["other"] += 1
        elif self.replied[number]:
            self.counts["doubled"] += 1
        else:
            self.replied[number] = time.perf_counter()
            self.counts["replied"] += 1
            chat = number % self.chats
            self.counts["reordered"] += self.newest.get(chat, -1) > number
            self.newest[chat] = max(number, self.newest.get(chat, -1))


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and the body of one HTTP message. Raises `IncompleteReadError` at the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    if CHUNKED.search(head):
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return head, body
    length = LENGTH.search(head)
    return head, await reader.readexactly(int(length[1])) if length else b""


class Api:
    """The Bot API, as far as a bot that echoes needs it."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._connections: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more connection of the bot."""
        self._connections.add(asyncio.create_task(self._serve(reader, writer)))

    async def close(self) -> None:
        """Leave the bot alone."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = 0
        try:
            while True:
                head, body = await read_message(reader)
                number += 1
                result = await self._result(head.split(b" ", 2)[1], body, number)
                answer = f'{{"ok":true,"result":{result}}}'.encode()
                start = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                writer.write(start % len(answer) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _result(self, target: bytes, body: bytes, number: int) -> str:
        method = target.partition(b"?")[0].rpartition(b"/")[2]
        if method == b"getMe":
            return ME
        if method == b"getUpdates":
            await asyncio.sleep(0.5)
            return "[]"
        if method == b"sendMessage":
            self._board.reply(body or target)
            chat = '{"id":1,"type":"private"}'
            return f'{{"message_id":{number},"date":1760000000,"chat":{chat},"text":"-"}}'
        return "true"


def update(number: int, chat: int, text: str, behind: int) -> bytes:
    """Update `number`, whose text carries its mark; its id lies behind those that the bot has met before."""
    person = {"id": chat, "first_name": f"User{chat}"}
    message = {
        "message_id": behind + number + 1,
        "date": 1_760_000_000,
        "chat": person | {"type": "private"},
        "from": person | {"is_bot": False, "language_code": "en"},
        "text": f"{text} mark-{number}-mark",
    }
    return json.dumps({"update_id": behind + number + 1, "message": message}).encode()


async def moment(due: float | None) -> float:
    """Now; or once it has come, the moment when something is due."""
    if due is None:
        return time.perf_counter()
    await asyncio.sleep(due - time.perf_counter())
    return due


async def post(options: argparse.Namespace, board: Board, numbers: dict[int, float | None]) -> None:
    """Post updates one after the other over one connection, each not before it is due."""
    address, _, path = options.hook.partition("/")
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for number, due in numbers.items():
        body = update(number, number % options.chats + options.first, options.text, options.behind)
        board.posted[number] = await moment(due)
        writer.write(
            f"POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {options.secret}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head, _ = await asyncio.wait_for(read_message(reader), options.patience)
        if b" 200" in head.split(b"\r\n", 1)[0]:
            board.acked[number] = time.perf_counter()
        else:
            board.counts["refused"] += 1
    writer.close()


async def run(options: argparse.Namespace, board: Board, first: int, last: int, rate: int) -> None:
    """Post a range over all connections, so many a second if there is a rate; then wait while replies still come."""
    mine: list[dict[int, float | None]] = [{} for _ in range(options.connections)]
    begun = time.perf_counter()
    for number in range(first, last):
        due = begun + (number - first) / rate if rate else None
        mine[number % options.chats % options.connections][number] = due
    posters = [post(options, board, numbers) for numbers in mine if numbers]
    for outcome in await asyncio.gather(*posters, return_exceptions=True):
        if isinstance(outcome, (TimeoutError, ConnectionError, asyncio.IncompleteReadError)):
            board.counts["refused"] += 1
        elif isinstance(outcome, BaseException):
            raise outcome
    seen, since = -1, time.perf_counter()
    while board.counts["replied"] < last and time.perf_counter() - since < options.patience:
        if seen != board.counts["replied"]:
            seen, since = board.counts["replied"], time.perf_counter()
        await asyncio.sleep(0.005)


def at(took: list[float], share: float) -> float:
    """A percentile in milliseconds; -1 when nothing was measured."""
    return round(sorted(took)[int((len(took) - 1) * share)] * 1000, 2) if took else -1.0


def report(options: argparse.Namespace, board: Board) -> dict[str, float]:
    """What the Rust program prints."""
    measured = range(options.warm, board.updates)
    begun = min((board.posted[n] for n in measured if board.posted[n]), default=0.0)
    found: dict[str, float] = {"total": options.total}
    for name, done, times in (("ack", "acked", board.acked), ("reply", "replied", board.replied)):
        took = [times[n] - board.posted[n] for n in measured if times[n]]
        seconds = max((times[n] for n in measured), default=0.0) - begun
        rate = "acks_per_s" if name == "ack" else "replies_per_s"
        found |= {done: len(took), rate: round(len(took) / seconds) if seconds > 0 else 0}
        found |= {f"{name}_p50_ms": at(took, 0.5), f"{name}_p99_ms": at(took, 0.99)}
    lost = sum(1 for n in range(board.updates) if board.acked[n] and not board.replied[n])
    names = ("doubled", "reordered", "refused", "other")
    return found | {"lost": lost} | {name: board.counts[name] for name in names}


async def wait_for_bot(address: str) -> None:
    """Until somebody listens there; at most 60 s."""
    host, _, port = address.partition("/")[0].rpartition(":")
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection(host, int(port))
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def main(options: argparse.Namespace) -> None:
    """Warm up, measure, print."""
    board = Board(options.warm + options.total, options.chats)
    api = Api(board)
    server = await asyncio.start_server(api.connected, "127.0.0.1", options.api)
    await wait_for_bot(options.hook)
    await run(options, board, 0, options.warm, 0)
    await run(options, board, options.warm, board.updates, options.rate)
    await asyncio.sleep(0.3)  # late doubles
    print(json.dumps(report(options, board)))
    server.close()
    await api.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("hook", "secret", "text"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("api", "connections", "chats", "warm", "total", "patience"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--first", type=int, default=1000)
    for name in ("rate", "behind"):
        parser.add_argument(f"--{name}", type=int, default=0)
    uvloop.run(main(parser.parse_args()))
