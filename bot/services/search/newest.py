"""Finds words by reading rows: on MariaDB, which has no index over pieces, and elsewhere where the index ends."""

from __future__ import annotations

from bot.services.search.sources import Rows, Source
from bot.services.search.words import Word
from models.database import dialect, fetch

_GROWS = 4  # times as many rows are read next, when of the last ones too few have the word after all


async def read(source: Source, word: Word, want: int, first: int, end: int) -> Rows:
    """Rows with the word and an id from `first` up to the one before `end`, newest first."""
    found: Rows = []
    limit, any_case = want, dialect() != "sqlite"
    while len(found) < want:
        # The limit stands in the text: a server uses a second core only where it knows how much is to be read.
        rows = await fetch(
            f"SELECT {source.shown} FROM {source.table} WHERE id >= ? AND id < ? AND {source.searched} "  # noqa: S608
            f"AND {source.has(word, any_case=any_case)} ORDER BY id DESC LIMIT {limit}",
            [first, end, *source.values(word)],
        )
        found += source.those_with(word, rows)
        if len(rows) < limit:
            break
        end, limit = rows[-1]["id"], limit * _GROWS
    return found[:want]


async def last_id(source: Source) -> int:
    """The newest row's; 0 when there is none."""
    return int((await fetch(f"SELECT coalesce(max(id), 0) AS id FROM {source.table}"))[0]["id"])  # noqa: S608
