"""Finds conversations and people by name, phone, mail, order number or any piece of what was said, without a scan.

SQLite has an index over groups of three letters; a shorter word is looked for at the start of names and in the newest
messages. PostgreSQL and MariaDB look at the newest part of each table, since no extension may be asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from bot.services.conversations import Row, rows
from models.database import client, dialect, fetch, marks, transaction

FOUND = 50
_PEOPLE = 200
_WINDOW = 20_000  # newest messages for a short word
_WIDE_WINDOW = 200_000  # newest rows on a server
_BATCH = 500  # messages indexed at once
_LAST_CHARACTER = "\U0010ffff"


async def conversations(query: str) -> tuple[Row, ...]:
    """The newest conversations that fit, 50 at most."""
    word = _word(query)
    if not word:
        return ()
    # At the same time: on a server each reads a part of a table, and has a connection of its own.
    parts = await asyncio.gather(_by_order(word), _by_person(word), _by_text(word))
    found = await rows(list(dict.fromkeys(id_ for part in parts for id_ in part))[:_PEOPLE])
    return tuple(sorted(found.values(), key=lambda row: (row.last_at, row.id), reverse=True)[:FOUND])


async def contacts(query: str) -> tuple[int, ...]:
    """Ids of people by name, phone or mail, newest first, 200 at most."""
    word = _word(query)
    if not word:
        return ()
    starts = await _ids("SELECT id FROM contact WHERE name >= ? AND name < ? LIMIT ?", _from(word))
    phones = await _ids("SELECT id FROM contact WHERE phone <> '' AND phone >= ? AND phone < ? LIMIT ?", _from(word))
    return tuple(sorted({*starts, *phones, *await _inside(word)}, reverse=True)[:_PEOPLE])


async def _inside(word: str) -> list[int]:
    if dialect() != "sqlite":
        like = _any_case(word)
        # Limits stand in the text: PostgreSQL uses a second core only where it knows how much is to be read.
        either = (
            f"SELECT id FROM contact WHERE id > (SELECT coalesce(max(id), 0) FROM contact) - {_WIDE_WINDOW} "  # noqa: S608
            f"AND (name {like} ? OR phone LIKE ? OR (email <> '' AND email {like} ?)) ORDER BY id DESC LIMIT {_PEOPLE}"
        )
        return await _ids(either, [_like(word)] * 3)
    if len(word) < 3:
        return []
    found: list[int] = []
    for column in ("name", "phone", "email"):
        like = f"SELECT rowid AS id FROM contact_search WHERE {column} LIKE ? ORDER BY rowid DESC LIMIT ?"  # noqa: S608
        found += await _ids(like, (_like(word), _PEOPLE))
    return found


async def _by_order(word: str) -> list[int]:
    people = await fetch(
        'SELECT DISTINCT contact_id AS id FROM "order" WHERE number >= ? AND number < ? LIMIT ?', _from(word.upper())
    )
    return await _of_people([row["id"] for row in people])


async def _by_person(word: str) -> list[int]:
    return await _of_people(await contacts(word))


async def _of_people(people: Sequence[int]) -> list[int]:
    if not people:
        return []
    found = await fetch(
        f"SELECT id FROM conversation WHERE contact_id IN ({marks(len(people))}) ORDER BY last_at DESC LIMIT ?",  # noqa: S608
        [*people, FOUND],
    )
    return [row["id"] for row in found]


async def _by_text(word: str) -> list[int]:
    if dialect() == "sqlite" and len(word) >= 3:
        inside = "SELECT rowid FROM message_search WHERE text LIKE ? ORDER BY rowid DESC LIMIT ?"
        return await _ids(
            f"SELECT DISTINCT conversation_id AS id FROM message WHERE id IN ({inside})",  # noqa: S608
            (_like(word), _PEOPLE),
        )
    like, window = ("LIKE", _WINDOW) if dialect() == "sqlite" else (_any_case(word), _WIDE_WINDOW)
    newest = (
        f"SELECT conversation_id FROM message WHERE id > (SELECT coalesce(max(id), 0) FROM message) - {window} "  # noqa: S608
        f"AND author <> 'bot' AND text {like} ? ORDER BY id DESC LIMIT {_PEOPLE}"
    )
    return await _ids(f"SELECT DISTINCT conversation_id AS id FROM ({newest}) AS newest", [_like(word)])  # noqa: S608


async def index_some() -> bool:
    """Index the next messages; True when there are more. SQLite only: elsewhere there is nothing to do."""
    if dialect() != "sqlite":
        return False
    async with transaction() as connection:
        mark = (await fetch("SELECT indexed FROM message_search_mark", (), connection))[0]["indexed"]
        ends = await fetch(
            "SELECT max(id) AS last, count(*) AS n FROM (SELECT id FROM message WHERE id > ? ORDER BY id LIMIT ?)",
            (mark, _BATCH),
            connection,
        )
        if not ends[0]["n"]:
            return False
        await connection.execute_query(
            "INSERT INTO message_search (rowid, text) SELECT id, text FROM message "
            "WHERE id > ? AND id <= ? AND text <> '' AND author IN ('customer', 'staff', 'note')",
            [mark, ends[0]["last"]],
        )
        await connection.execute_query("UPDATE message_search_mark SET indexed = ?", [ends[0]["last"]])
    return bool(ends[0]["n"] == _BATCH)


async def forget() -> None:
    """Rewrite the index without what was deleted, so that nothing of an erased person lingers in its pages."""
    if dialect() != "sqlite":
        return
    for table in ("message_search", "contact_search"):
        await client().execute_query(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608


async def _ids(sql: str, values: Sequence[Any]) -> list[int]:
    return [row["id"] for row in await fetch(sql, values)]


def _word(query: str) -> str:
    return " ".join(query.split())[:100]


def _from(word: str) -> tuple[str, str, int]:
    return word, word + _LAST_CHARACTER, _PEOPLE


def _any_case(word: str) -> str:
    # ILIKE writes each value anew in small letters before it looks; numbers and Chinese have none.
    return "LIKE" if word.lower() == word.upper() else "ILIKE"


def _like(word: str) -> str:
    # The index cannot be used with ESCAPE; a per cent sign that stands for any one letter finds a little too much.
    return f"%{word.replace('%', '_')}%"
