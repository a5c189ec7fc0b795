"""The desk over 1,000,000 messages in 100,000 conversations: the list, a thread, a contact, a search, on SQLite.

    python -m tests.benchmarks.desk_queries [--conversations 100000] [--rounds 200] [--keep FOLDER]

Writes a database with raw SQL (not measured), then asks for random pages as the desk's routes do. Prints one JSON
object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.services import backoffice, conversations, people, search, threads
from models.database import close_database, migrate, open_database
from tests.benchmarks.stored import PER_CONVERSATION, fill_sqlite

GOAL_MS = 50.0  # p95


async def measured(work: Callable[[], Awaitable[object]], rounds: int) -> dict[str, float]:
    """Milliseconds: median, 95th and 99th percentile, and the worst."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)
    return summary(times)


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """In milliseconds."""
    times = sorted(one * 1000 for one in seconds)
    return {
        "p50": round(times[len(times) // 2], 2),
        "p95": round(times[int(len(times) * 0.95)], 2),
        "p99": round(times[int(len(times) * 0.99)], 2),
        "max": round(times[-1], 2),
    }


def screens(count: int, seed: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """What a person at the desk opens, at random places."""
    pick = random.Random(seed)

    def someone() -> int:
        return pick.randint(1, count)

    async def deep() -> object:
        row = await conversations.row(someone())
        return await conversations.listed("all", 1, conversations.cursor(row.last_at, row.id))

    async def thread() -> object:
        row = await conversations.row(someone())
        return await threads.newest(row.id, 50, staff=True), await people.person(row.contact_id)

    return {
        "list, first page": lambda: conversations.listed("all", 1),
        "list, any page": deep,
        "list, mine": lambda: conversations.listed("mine", 1),
        "list, waiting": lambda: conversations.listed("waiting", 1),
        "list, bot": lambda: conversations.listed("bot", 1),
        "list, attention": lambda: conversations.listed("attention", 1),
        "counts": lambda: conversations.counts(1),
        "thread with person": thread,
        "contacts": lambda: people.listed(someone()),
        "orders": lambda: backoffice.orders(),
        "orders, paid": lambda: backoffice.orders("paid"),
        "reviews": lambda: backoffice.reviews("pending"),
        "search, a parcel number": lambda: search.conversations(str(pick.randint(100000, 999999))),
        "search, common words": lambda: search.conversations("smells wonderful"),
        "search, two Chinese letters": lambda: search.conversations("龙井"),
        "search, a name": lambda: search.conversations(f"王小明{someone()}"),
        "search, nothing": lambda: search.conversations("qzxjv nowhere"),
    }


async def bench(path: Path, count: int, rounds: int) -> dict[str, object]:
    """Fill, index, measure."""
    await open_database(f"sqlite://{path}")
    await migrate()
    await close_database()
    began = time.perf_counter()
    fill_sqlite(path, count)
    filled = time.perf_counter()
    await open_database(f"sqlite://{path}")
    try:
        while await search.index_some():
            pass
        indexed = time.perf_counter()
        results = {name: await measured(work, rounds) for name, work in screens(count, 1).items()}
    finally:
        await close_database()
    return {
        "conversations": count,
        "messages": count * PER_CONVERSATION,
        "bytes": path.stat().st_size,
        "fill_seconds": round(filled - began, 1),
        "index_seconds": round(indexed - filled, 1),
        "goal_p95_ms": GOAL_MS,
        "reached": all(result["p95"] <= GOAL_MS for result in results.values()),
        "milliseconds": results,
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="folder for the database, instead of a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = given.keep or Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        print(json.dumps(asyncio.run(bench(where / "desk.db", given.conversations, given.rounds)), indent=2))


if __name__ == "__main__":
    main()
