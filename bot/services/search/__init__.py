"""Finds conversations and people by name, phone, mail, order number or any piece of what was said, without a scan.

Each engine finds rows its own way (`fulltext` on SQLite, `pieces` on PostgreSQL, `newest` on MariaDB); what it means
that a text has a word is the same on all of them (`words`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.services.conversations import Row, rows
from bot.services.rows import moment
from bot.services.search import filling, fulltext, newest, pieces
from bot.services.search.sources import CONTACTS, MESSAGES, Rows, Source
from bot.services.search.words import Line, Word, word
from models.database import dialect, fetch, marks

FOUND = 50
REST = 3.0
_PEOPLE = 200
_WIDE_WINDOW = 200_000  # newest rows, where there is no index
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Said:
    """The newest message of a conversation with the word, and where in its text that is."""

    seq: int
    author: str
    at: datetime
    line: Line


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation; `said` is None where the person or an order was found."""

    row: Row
    said: Said | None


async def conversations(query: str) -> tuple[Found, ...]:
    """The newest conversations that fit, 50 at most."""
    asked = word(query)
    if not asked.plain:
        return ()
    # At the same time: on a server each reads a part of a table, and has a connection of its own.
    by_order, by_person, said = await asyncio.gather(_by_order(asked), _by_person(asked), _by_text(asked))
    found = await rows(list(dict.fromkeys([*by_order, *by_person, *said]))[:_PEOPLE])
    newest_first = sorted(found.values(), key=lambda row: (row.last_at, row.id), reverse=True)
    return tuple(Found(row, said.get(row.id)) for row in newest_first[:FOUND])


async def contacts(query: str) -> tuple[int, ...]:
    """Ids of people by name, phone or mail, newest first, 200 at most."""
    asked = word(query)
    return await _contacts(asked) if asked.plain else ()


async def _contacts(asked: Word) -> tuple[int, ...]:
    starts = await _ids("SELECT id FROM contact WHERE name >= ? AND name < ? LIMIT ?", _from(asked.plain))
    phones = await _ids(
        "SELECT id FROM contact WHERE phone <> '' AND phone >= ? AND phone < ? LIMIT ?", _from(asked.plain)
    )
    inside = [row["id"] for row in await _newest(CONTACTS, asked)]
    return tuple(sorted({*starts, *phones, *inside}, reverse=True)[:_PEOPLE])


async def _newest(source: Source, asked: Word) -> Rows:
    match dialect():
        case "sqlite":
            return await fulltext.newest(source, asked, _PEOPLE)
        case "postgres":
            return await pieces.newest(source, asked, _PEOPLE)
    last = await newest.last_id(source)
    return await newest.read(source, asked, _PEOPLE, last - _WIDE_WINDOW, last + 1)


async def _by_order(asked: Word) -> list[int]:
    people = await fetch(
        'SELECT DISTINCT contact_id AS id FROM "order" WHERE number >= ? AND number < ? LIMIT ?',
        _from(asked.plain.upper()),
    )
    return await _of_people([row["id"] for row in people])


async def _by_person(asked: Word) -> list[int]:
    return await _of_people(await _contacts(asked))


async def _of_people(people: Sequence[int]) -> list[int]:
    if not people:
        return []
    found = await fetch(
        "SELECT id FROM conversation WHERE contact_id IN (SELECT COALESCE(p.id, k.id) FROM contact k "  # noqa: S608
        f"LEFT JOIN contact p ON p.person_id = k.person_id WHERE k.id IN ({marks(len(people))})) "
        "ORDER BY last_at DESC LIMIT ?",
        [*people, FOUND],
    )
    return [row["id"] for row in found]


async def _by_text(asked: Word) -> dict[int, Said]:
    """By conversation, its newest message first."""
    said: dict[int, Said] = {}
    for row in await _newest(MESSAGES, asked):
        if row["conversation_id"] not in said:
            said[row["conversation_id"]] = Said(row["seq"], row["author"], moment(row["at"]), asked.line(row["text"]))
    return said


async def index_some(rest: float = REST) -> bool:
    """Bring the index a step further; True when there is more to do. MariaDB has none.

    On PostgreSQL a step is long, and others have the processor for `rest` times as long as each piece of it takes.
    """
    match dialect():
        case "sqlite":
            return await fulltext.index_some()
        case "postgres":
            return await filling.some(rest)
    return False


async def mend() -> None:
    """What was changed or deleted leaves the index with the caller's transaction. SQLite's triggers have done it."""
    if dialect() == "postgres":
        for source in (MESSAGES, CONTACTS):
            await filling.mend(source)


async def forget() -> None:
    """After the commit: nothing of an erased person lingers in the pages of an index."""
    if dialect() == "sqlite":
        await fulltext.forget()


async def _ids(sql: str, values: Sequence[Any]) -> list[int]:
    return [row["id"] for row in await fetch(sql, values)]


def _from(text: str) -> tuple[str, str, int]:
    return text, text + _LAST_CHARACTER, _PEOPLE
