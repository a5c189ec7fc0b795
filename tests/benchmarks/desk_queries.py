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
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from bot.services import backoffice, conversations, people, search, threads
from models.database import close_database, migrate, open_database

GOAL_MS = 50.0  # p95
PER_CONVERSATION = 10
#: `n` counts conversations; every second of the last year has its place.
FILL = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations)
INSERT INTO contact (id, name, locale, phone, created_at, updated_at)
SELECT i, CASE i % 3 WHEN 0 THEN '王小明' || i WHEN 1 THEN 'Ann Lindqvist ' || i ELSE '' END, '', '139' || i, {at}, {at}
FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations)
INSERT INTO identity (id, contact_id, account, external_id, name, created_at)
SELECT i, i, CASE i % 4 WHEN 0 THEN 'telegram' ELSE 'webchat' END, 'v' || i, '', {at} FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations)
INSERT INTO conversation (
  id, lane, identity_id, contact_id, account, owner_id, last_seq, last_text, last_author, last_at, waiting_since,
  attention, created_at, updated_at
)
SELECT i, 'lane:v' || i, i, i, CASE i % 4 WHEN 0 THEN 'telegram' ELSE 'webchat' END,
  CASE WHEN i % 50 = 0 THEN 1 + i % 3 END,
  :each, 'Where is my parcel, please?', 'customer', {at}, CASE WHEN i % 40 = 1 THEN {at} END,
  CASE WHEN i % 500 = 3 THEN 'a file could not be fetched' ELSE '' END, {at}, {at}
FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations * :each)
INSERT INTO message (id, conversation_id, seq, author, text, client_id, at)
SELECT i, 1 + (i - 1) / :each, 1 + (i - 1) % :each, CASE i % 2 WHEN 1 THEN 'customer' ELSE 'bot' END,
  CASE i % 5 WHEN 0 THEN '请问 50 克的龙井还有货吗' WHEN 1 THEN 'Where is parcel number ' || (i * 7919 % 1000003) ELSE
  'Thank you, the tea came yesterday and smells wonderful' END, 'c' || i, {at}
FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations / 2)
INSERT INTO "order" (
  id, number, contact_id, conversation_id, account, state, total, currency, name, address, created_at, updated_at
)
SELECT i, printf('%08X', i * 2654435761 % 4294967296), 1 + i * 2 % :conversations, 1 + i * 2 % :conversations,
  'webchat',
  CASE i % 4 WHEN 0 THEN 'paid' WHEN 1 THEN 'placed' WHEN 2 THEN 'shipped' ELSE 'completed' END,
  6800, 'CNY', 'Ann', 'A street', {at}, {at}
FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations / 2)
INSERT INTO order_line (order_id, sku, name, quantity, price) SELECT i, 'TEA', 'Longjing', 1, 6800 FROM n;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :conversations / 10)
INSERT INTO review (id, contact_id, order_id, account, stars, text, state, created_at, updated_at)
SELECT i, 1 + i * 2 % :conversations, i, 'webchat', 1 + i % 5, 'Lovely',
  CASE i % 9 WHEN 0 THEN 'pending' ELSE 'accepted' END, {at}, {at}
FROM n;
"""
AT = "strftime('%Y-%m-%d %H:%M:%S', 1763800000 + i * 31557600 / :conversations, 'unixepoch') || '.000001+00:00'"


def fill(path: Path, count: int) -> None:
    """Rows for `count` conversations into an empty, migrated database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        columns = "id, login, name, role, password_hash, created_at"
        staff = f"INSERT INTO staff ({columns}) VALUES (?, ?, ?, 'agent', '', '2026-01-01')"
        connection.executemany(staff, [(id_, f"s{id_}", f"Mei {id_}") for id_ in (1, 2, 3)])
        for statement in FILL.format(at=AT).split(";\n\n"):
            at_message = statement.replace("31557600 / :conversations", "31557600 / (:conversations * :each)")
            messages = "INTO message" in statement
            connection.execute(
                at_message if messages else statement, {"conversations": count, "each": PER_CONVERSATION}
            )
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")


async def measured(work: Callable[[], Awaitable[object]], rounds: int) -> dict[str, float]:
    """Milliseconds: median, 95th and 99th percentile, and the worst."""
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
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
    fill(path, count)
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
    parser = argparse.ArgumentParser(description=__doc__)
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
