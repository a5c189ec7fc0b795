"""Finds pieces of words on SQLite by its index over groups of three letters; shorter words in the newest rows.

The index is filled in batches up to a mark, so that storing a message does not wait for it.
"""

from __future__ import annotations

from bot.services.search.newest import last_id, read
from bot.services.search.sources import MESSAGES, Rows, Source
from bot.services.search.words import Word
from models.database import client, fetch, transaction

_WINDOW = 20_000  # newest rows for a short word
_STEPS = (1, 4, 16, 64)  # times as many rows as are wanted, in case that groups stand together and are not the word
_BATCH = 500  # messages indexed at once


async def newest(source: Source, word: Word, want: int) -> Rows:
    """The newest rows with this word, newest first."""
    if len(word.folded) < 3:
        last = await last_id(source)
        return await read(source, word, want, last - _WINDOW, last + 1)
    found = await _not_indexed(source, word, want)
    before, groups = 2**62, _groups(word)
    for step in _STEPS:
        ids = await _candidates(source, groups, before, step * want)
        rows = await fetch(
            f"SELECT {source.shown} FROM {source.table} WHERE id IN "  # noqa: S608
            f"(SELECT value FROM json_each(?)) AND {source.has(word)} ORDER BY id DESC",
            [str(ids), *source.values(word)],
        )
        found += source.those_with(word, rows)
        if len(found) >= want or len(ids) < step * want:
            break
        before = ids[-1]
    return found[:want]


async def _not_indexed(source: Source, word: Word, want: int) -> Rows:
    """What was said in the last seconds; people are in the index at once."""
    if source is not MESSAGES:
        return []
    last, mark = await last_id(source), (await fetch("SELECT indexed FROM message_search_mark"))[0]["indexed"]
    return await read(source, word, want, max(mark + 1, last - _WINDOW), last + 1)


async def _candidates(source: Source, groups: str, before: int, limit: int) -> list[int]:
    index = f"{source.table}_search"
    rows = await fetch(
        f"SELECT rowid AS id FROM {index} WHERE {index} MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",  # noqa: S608
        (groups, before, limit),
    )
    return [row["id"] for row in rows]


def _groups(word: Word) -> str:
    each = dict.fromkeys(word.folded[at : at + 3] for at in range(len(word.folded) - 2))
    return " AND ".join('"' + three.replace('"', '""') + '"' for three in each)


async def index_some() -> bool:
    """Index the next messages; True when there are more."""
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
    for table in ("message_search", "contact_search"):
        await client().execute_query(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608
