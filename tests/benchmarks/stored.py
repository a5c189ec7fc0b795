"""A year of a shop as rows of raw SQL, for SQLite and for PostgreSQL: what the product would have written, in minutes.

People, conversations with ten messages each, orders, reviews, and in the two queues what a week leaves there before it
is pruned. A thread's messages lie far from each other, as they would after other people wrote in between.
"""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import asyncpg

PER_CONVERSATION = 10
YEAR, WEEK = 31_557_600, 604_800  # seconds
#: The Telegram chats are `FIRST_CHAT` and those behind it; their rows lie scattered among the others.
FIRST_CHAT = 1000
STAFF = (
    "INSERT INTO staff (id, login, name, role, password_hash, created_at) "
    "VALUES ({0}, 's{0}', 'Mei {0}', 'agent', '', '2026-01-01')"
)


@dataclass(frozen=True, slots=True)
class Words:
    """What two engines say differently. `numbers` counts to `{0}`; `moment` is of `{0}` seconds since 1970."""

    numbers: str
    moment: str
    hexadecimal: str


SQLITE = Words(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})",
    "strftime('%Y-%m-%d %H:%M:%S', {0}, 'unixepoch') || '.000001+00:00'",
    "printf('%08X', {0})",
)
POSTGRES = Words(
    "WITH n(i) AS (SELECT generate_series(1::bigint, {0}))",
    "to_timestamp({0}) + interval '1 microsecond'",
    "upper(lpad(to_hex({0}), 8, '0'))",
)


def statements(words: Words, count: int, now: int) -> Iterator[str]:
    """Rows for `count` conversations, table after table; the last message is of `now`, in seconds since 1970."""
    for table, rows, text in (*_people(count), *_messages(count), *_shop(count, words)):
        span = WEEK if table in ("inbound", "effect") else YEAR
        share = f"{now - span} + i * {span} / {rows}"
        yield f"{words.numbers.format(rows)} {text.format(at=words.moment.format(share))} FROM n"


def _people(count: int) -> Iterator[tuple[str, int, str]]:
    chat = f"({FIRST_CHAT} + i * 7919 % {count})"
    is_telegram = f"{chat} < {FIRST_CHAT} + {count} / 4"
    account = f"CASE WHEN {is_telegram} THEN 'telegram' ELSE 'webchat' END"
    # Whom staff have taken over gets no answer of a bot: none of those that a load writes to.
    yield (
        "contact",
        count,
        """
INSERT INTO contact (id, name, locale, phone, created_at, updated_at)
SELECT i, CASE i % 3 WHEN 0 THEN '王小明' || i WHEN 1 THEN 'Ann Lindqvist ' || i ELSE '' END, '', '139' || i, {at}, {at}
""",
    )
    yield (
        "identity",
        count,
        f"""
INSERT INTO identity (id, contact_id, account, external_id, name, created_at)
SELECT i, i, {account}, '' || {chat}, '', {{at}}
""",
    )
    yield (
        "conversation",
        count,
        f"""
INSERT INTO conversation (
  id, lane, identity_id, contact_id, account, owner_id, last_seq, last_text, last_author, last_at, waiting_since,
  attention, created_at, updated_at
)
SELECT i, {account} || ':' || {chat}, i, i, {account}, CASE WHEN i % 50 = 0 AND NOT {is_telegram} THEN 1 + i % 3 END,
  {PER_CONVERSATION}, 'Where is my parcel, please?', 'customer', {{at}},
  CASE WHEN i % 40 = 1 AND NOT {is_telegram} THEN {{at}} END,
  CASE WHEN i % 500 = 3 THEN 'a file could not be fetched' ELSE '' END, {{at}}, {{at}}
""",
    )


def _messages(count: int) -> Iterator[tuple[str, int, str]]:
    # So many people talk at a time: one message of each, then the next of each.
    crowd = math.gcd(count, 1000)
    number, seq = f"((i - 1) % {crowd})", f"(1 + (i - 1) / {crowd} % {PER_CONVERSATION})"
    conversation = f"(1 + (i - 1) / {crowd * PER_CONVERSATION} * {crowd} + {number})"
    yield (
        "message",
        count * PER_CONVERSATION,
        f"""
INSERT INTO message (id, conversation_id, seq, author, text, client_id, at)
SELECT i, {conversation}, {seq}, CASE {seq} % 2 WHEN 1 THEN 'customer' ELSE 'bot' END,
  CASE i % 5 WHEN 0 THEN '请问 50 克的龙井还有货吗' WHEN 1 THEN 'Where is parcel number ' || (i * 7919 % 1000003) ELSE
  'Thank you, the tea came yesterday and smells wonderful' END, 'c' || i, {{at}}
""",
    )
    settled = max(count * PER_CONVERSATION // 2 * WEEK // YEAR, 1)
    lane = f"'webchat:' || (i * 7919 % {count})"
    # A brace is doubled twice: here, and before the moment is put in.
    yield (
        "inbound",
        settled,
        f"""
INSERT INTO inbound (account, key, lane, kind, payload, state, received_at, shard)
SELECT 'webchat', '' || (1000000000 + i), {lane}, 'message',
  '{{{{"account":"webchat","key":"' || i || '","kind":"message","text":"Where is my parcel, please?","data":"",'
  || '"files":[],"group":"","name":"Ann","locale":"en","client_id":"","native":{{{{"message_id":' || i || '}}}}}}}}',
  'done', {{at}}, i % 64
""",
    )
    yield (
        "effect",
        settled,
        f"""
INSERT INTO effect (
  key, kind, lane, conversation_id, message_seq, author, payload, state, attempts, due_at, created_at, done_at, shard
)
SELECT 'send:' || (1 + i * 7919 % {count}) || ':old' || i || ':0', 'send', {lane}, 1 + i * 7919 % {count}, 2, 'bot',
  '{{{{"recipient":"1","wire":{{{{"text":"It leaves tomorrow.","rows":[],"files":[],"cards":[],"summary":null,'
  || '"input":""}}}},"last":true}}}}', 'done', 1, {{at}}, {{at}}, {{at}}, i % 64
""",
    )


def _shop(count: int, words: Words) -> Iterator[tuple[str, int, str]]:
    number = words.hexadecimal.format("i * 2654435761 % 4294967296")
    yield (
        "order",
        count // 2,
        f"""
INSERT INTO "order" (
  id, number, contact_id, conversation_id, account, state, total, currency, name, address, created_at, updated_at
)
SELECT i, {number}, 1 + i * 2 % {count}, 1 + i * 2 % {count}, 'webchat',
  CASE i % 4 WHEN 0 THEN 'paid' WHEN 1 THEN 'placed' WHEN 2 THEN 'shipped' ELSE 'completed' END,
  6800, 'CNY', 'Ann', 'A street', {{at}}, {{at}}
""",
    )
    yield (
        "order_line",
        count // 2,
        """
INSERT INTO order_line (order_id, sku, name, quantity, price) SELECT i, 'TEA', 'Longjing', 1, 6800
""",
    )
    yield (
        "review",
        count // 10,
        f"""
INSERT INTO review (id, contact_id, order_id, account, stars, text, state, created_at, updated_at)
SELECT i, 1 + i * 2 % {count}, i, 'webchat', 1 + i % 5, 'Lovely',
  CASE i % 9 WHEN 0 THEN 'pending' ELSE 'accepted' END, {{at}}, {{at}}
""",
    )


def fill_sqlite(path: Path, count: int, *, indexed: bool = False) -> None:
    """Fill a migrated, empty database; with `indexed` the search has read it all, too."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        for statement in (*(STAFF.format(id_) for id_ in (1, 2, 3)), *statements(SQLITE, count, int(time.time()))):
            connection.execute(statement)
        if indexed:
            connection.execute(
                "INSERT INTO message_search (rowid, text) SELECT id, text FROM message "
                "WHERE text <> '' AND author IN ('customer', 'staff', 'note')"
            )
            connection.execute("UPDATE message_search_mark SET indexed = (SELECT max(id) FROM message)")
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")


async def fill_postgres(url: str, count: int) -> None:
    """The same, and what a server does by itself in time: vacuum, statistics, a checkpoint. Not indexed."""
    connection = await asyncpg.connect(url)
    try:
        # Rows that refer to each other are right by design; looking each of them up would take as long again.
        for setting in ("session_replication_role = replica", "synchronous_commit = off"):
            await connection.execute(f"SET {setting}")
        for statement in (*(STAFF.format(id_) for id_ in (1, 2, 3)), *statements(POSTGRES, count, int(time.time()))):
            await connection.execute(statement, timeout=3600)
        for table in ("staff", "contact", "identity", "conversation", "message", "order", "review"):
            await connection.execute(
                f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), (SELECT max(id) FROM \"{table}\"))"
            )
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute("CHECKPOINT", timeout=3600)
    finally:
        await connection.close()
