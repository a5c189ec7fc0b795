"""Finds pieces of words on PostgreSQL with no extension, in old rows as in new ones.

The ids are cut into parts. Of a part that is full, tables beside the rows say which groups of letters stand where; what
came since is read itself. Newest parts come first, and a word that is found often enough ends the search there; a rare
one has few places in each, and the text itself is always asked. So two groups with one key, or groups that stand
together without being the word, cost a look and find nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

from bot.services.search import postings
from bot.services.search.newest import last_id, read
from bot.services.search.sources import Rows, Source
from bot.services.search.words import Word
from models.database import fetch

_WINDOW = 200_000  # newest rows that are read themselves while the index is still being made
_GROUPS = 6  # of a word; the rarest are asked for
_FIRST = 8  # newest parts to look at first; all others are the second step
_CHANGED = 1_000  # rows that were changed and not yet taken out of the index
_PLACES = 64  # looked at at once
_PATIENCE = 8_192  # places that are looked at for one word


async def newest(source: Source, word: Word, want: int) -> Rows:
    """The newest rows with this word, newest first."""
    last = await last_id(source)
    parts = [row["part"] for row in await fetch(f"SELECT part FROM {source.table}_search_part ORDER BY part DESC")]  # noqa: S608
    fresh, *gaps = _unread(source.part, last, parts)
    found = await read(source, word, want, *fresh)
    if len(found) >= want:
        return found
    for gap in gaps:
        found += await read(source, word, want, *gap)
    found += await _changed(source, word, want)
    async for rows in _looked_up(source, word, parts):
        found += rows
        if len(found) >= want:
            break
    return sorted({row["id"]: row for row in found}.values(), key=lambda row: -row["id"])[:want]


def _unread(bits: int, last: int, parts: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges of newest ids that are not in the index, from the first up to the one behind; at least one."""
    known, top = set(parts), (last >> bits) + 1
    lowest = max((last - _WINDOW) >> bits, 0)
    ranges, end = [], top
    for part in range(top - 1, lowest - 1, -1):
        if part in known:
            if end > part + 1:
                ranges.append(((part + 1) << bits, end << bits))
            end = part
    if end > lowest:
        ranges.append((lowest << bits, end << bits))
    return ranges or [(last, last)]


async def _changed(source: Source, word: Word, want: int) -> Rows:
    ids = f"SELECT id FROM {source.table}_search_changed LIMIT {_CHANGED}"  # noqa: S608
    rows = await fetch(
        f"SELECT {source.shown} FROM {source.table} WHERE id IN ({ids}) AND {source.searched} "  # noqa: S608
        f"AND {source.has(word, any_case=True)} ORDER BY id DESC LIMIT {want}",
        source.values(word),
    )
    return source.those_with(word, rows)


async def _looked_up(source: Source, word: Word, parts: Sequence[int]) -> AsyncIterator[Rows]:
    """Rows with the word in indexed parts, newest first, as they are found."""
    if not parts:
        return
    keys = await _rarest(source, [postings.key(group) for group in postings.asked(word.folded)], parts[0])
    patience = _PATIENCE
    for some in (parts[:_FIRST], parts[_FIRST:]):
        places = await _places(source, keys, some)
        while patience > 0 and (near := list(islice(places, _PLACES))):
            yield await _at(source, word, near)
            patience -= len(near)


async def _rarest(source: Source, keys: Sequence[int], part: int) -> list[int]:
    """Some of many groups, those that stand at the fewest places of a part."""
    if len(keys) <= _GROUPS:
        return list(keys)
    sizes = await fetch(
        "SELECT asked.key, coalesce(octet_length(s.places[array_position(s.keys, asked.key)]), 0) AS size "  # noqa: S608
        f"FROM unnest(?::smallint[], ?::int[]) AS asked (bucket, key) LEFT JOIN {source.table}_search s "
        "ON s.bucket = asked.bucket AND s.part = ?",
        ([source.bucket(key) for key in keys], list(keys), part),
    )
    return [row["key"] for row in sorted(sizes, key=lambda row: row["size"])[:_GROUPS]]


async def _places(source: Source, keys: Sequence[int], parts: Sequence[int]) -> Iterator[int]:
    """First ids of the places that have all these groups, in these parts, newest first."""
    if not parts:
        return iter(())
    each = " UNION ALL ".join(
        f"SELECT part, places[array_position(keys, ?)] AS posting FROM {source.table}_search "  # noqa: S608
        "WHERE bucket = ? AND part BETWEEN ? AND ?"
        for _ in keys
    )
    rows = await fetch(
        f"SELECT part, array_agg(posting) AS postings FROM ({each}) AS each WHERE posting IS NOT NULL "  # noqa: S608
        f"GROUP BY part HAVING count(*) = {len(keys)} ORDER BY part DESC",
        [value for key in keys for value in (key, source.bucket(key), parts[-1], parts[0])],
    )
    return (
        (row["part"] << source.part) + (place << source.place)
        for row in rows
        for place in reversed(postings.common(row["postings"], source.places))
    )


async def _at(source: Source, word: Word, places: Sequence[int]) -> Rows:
    count = 1 << source.place
    rows = await fetch(
        "SELECT near.* FROM unnest(?::bigint[]) AS place (first) CROSS JOIN LATERAL ("  # noqa: S608
        f"SELECT {source.shown} FROM {source.table} WHERE id >= first AND id < first + {count} AND {source.searched} "
        f"ORDER BY id LIMIT {count}) AS near WHERE {source.has(word, any_case=True)} ORDER BY id DESC",
        [list(places), *source.values(word)],
    )
    return source.those_with(word, rows)
