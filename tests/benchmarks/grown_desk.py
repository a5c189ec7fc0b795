"""The desk's screens and its search over 10,000,000 messages in 1,000,000 conversations, and what its index costs.

    python -m tests.benchmarks.grown_desk [--conversations 1000000] [--rounds 200] [--databases sqlite postgres]
        [--keep FOLDER]

On the databases of `grown`, without the wire. Where the index is made in parts, some of them are made again, without a
pause, while a task that wants to run each millisecond notes how late it was. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bot.services import search
from bot.services.search.sources import CONTACTS, MESSAGES, Source
from models.database import close_database, dialect, fetch, open_database
from tests.benchmarks.desk_queries import GOAL_MS, measured, screens
from tests.benchmarks.grown import ENGINES, opened
from tests.benchmarks.stored import PER_CONVERSATION

Found = dict[str, Any]
PARTS = 5


async def desk(url: str, count: int, rounds: int) -> Found:
    """Milliseconds of every screen, and the index."""
    await open_database(url)
    try:
        found: Found = {
            "milliseconds": {name: await measured(work, rounds) for name, work in screens(count, 1).items()}
        }
        return found | {"index": await index()} if dialect() == "postgres" else found
    finally:
        await close_database()


async def index() -> Found:
    """Bytes of the tables and of their indexes, and what a row costs."""
    found: Found = {}
    for source in (MESSAGES, CONTACTS):
        sizes = await fetch(
            f"SELECT pg_total_relation_size('{source.table}') AS rows, "
            f"pg_total_relation_size('{source.table}_search') AS pieces"
        )
        found[source.table] = sizes[0] | await made_again(source)
    return found


async def made_again(source: Source) -> dict[str, float]:
    """Microseconds for each id of some parts, by the clock and of this process, and how late others were, in ms."""
    newest = await fetch(f"SELECT part FROM {source.table}_search_part ORDER BY part DESC LIMIT {PARTS}")
    if not newest:
        return {}
    for table in (f"{source.table}_search", f"{source.table}_search_part"):
        await fetch(f"DELETE FROM {table} WHERE part >= ?", (newest[-1]["part"],))
    late: list[float] = []
    watching = asyncio.create_task(_watch(late))
    clock, processor = time.perf_counter(), time.process_time()
    while await search.index_some(rest=0):
        pass
    ids = len(newest) << source.part
    spent = (time.perf_counter() - clock, time.process_time() - processor)
    watching.cancel()
    late.sort()
    return {
        "us_an_id": round(spent[0] * 1e6 / ids, 1),
        "processor_us_an_id": round(spent[1] * 1e6 / ids, 1),
        "others_late_p50_ms": round(late[len(late) // 2], 1),
        "others_late_p99_ms": round(late[int(len(late) * 0.99)], 1),
    }


async def _watch(late: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        late.append((time.perf_counter() - began - 0.001) * 1000)


def run(options: argparse.Namespace) -> Found:
    """Every engine in turn."""
    count = options.conversations
    found: Found = {"benchmark": "grown_desk", "conversations": count, "messages": count * PER_CONVERSATION}
    found |= {"goal_p95_ms": GOAL_MS, "databases": {}}
    for name in options.databases:
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.keep or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            with opened(name, folder, count) as engine:
                figures: Found = {"bytes": asyncio.run(engine.size())}
                found["databases"][name] = figures | asyncio.run(desk(engine.full, count, options.rounds))
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--databases", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--keep", type=Path, help="folder for the databases, instead of a temporary one")
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
