"""Fills PostgreSQL's index of pieces, part by part and beside the way, and takes out what was changed or deleted.

One process does either at a time. A part is written when nobody can add a row to it any more, so that none is missed;
the newest part comes first, and a database that was full before has its new rows found first.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from bot.services.search import postings
from bot.services.search.sources import CONTACTS, MESSAGES, Source
from models.database import client, execute, fetch, marks, transaction

_SLICE = 128  # ids read at once
_TURN = 0.003  # seconds of work at most, after which others may go first
_ROWS = 64  # written at once
_LOOKS, _PAUSE = 20, 0.05  # for transactions that may still add rows: how often, and seconds between

Texts = list[tuple[int, str]]
"""Ids, and what is said there."""

Stored = Mapping[int, Mapping[int, bytes]]
"""Postings by bucket and key."""

_LOCK = "hashtext('parley search')"


class Pace:
    """Works in short turns, and leaves the processor to others for `rest` times as long as each took."""

    def __init__(self, rest: float) -> None:
        self._rest = rest
        self._began = 0.0

    def works(self) -> None:
        """From now on."""
        self._began = time.perf_counter()

    async def rests(self) -> None:
        """Until others had their share."""
        await asyncio.sleep(self._rest * (time.perf_counter() - self._began))
        self.works()

    async def breathes(self) -> None:
        """Rests if the turn has been long enough."""
        if time.perf_counter() - self._began > _TURN:
            await self.rests()


async def some(rest: float) -> bool:
    """Mend what was changed, then index one part; True when there may be more. `rest` is that of `Pace`."""
    for source in (MESSAGES, CONTACTS):
        if await fetch(f"SELECT id FROM {source.table}_search_changed LIMIT 1"):  # noqa: S608
            async with transaction():
                await mend(source)
        if await _fill(source, Pace(rest)):
            return True
    return False


async def mend(source: Source) -> None:
    """Take out what rows said before they were changed or deleted, and put in what they say now.

    Inside the caller's transaction, which may have changed them itself. Waits while a part is being written.
    """
    await fetch(f"SELECT pg_advisory_xact_lock({_LOCK})")
    rows = await fetch(f"DELETE FROM {source.table}_search_changed RETURNING id, text")  # noqa: S608
    parts = sorted({row["id"] >> source.part for row in rows})
    if not parts:
        return
    known = await fetch(f"SELECT part FROM {source.table}_search_part WHERE part IN ({marks(len(parts))})", parts)  # noqa: S608
    for part in (row["part"] for row in known):
        await _mend_part(source, part, [(row["id"], row["text"]) for row in rows if row["id"] >> source.part == part])


async def _mend_part(source: Source, part: int, old: Texts) -> None:
    changed = {id_ for id_, _ in old}
    firsts = {id_ >> source.place << source.place for id_ in changed}
    now = await _texts(source, [first + at for first in firsts for at in range(1 << source.place)])
    were, are = _keys(source, part, old), _keys(source, part, now)
    gone = {key: left for key, places in were.items() if (left := places - are.get(key, set()))}
    new = _keys(source, part, [(id_, text) for id_, text in now if id_ in changed])
    await _rewrite(source, part, gone, new)


def _keys(source: Source, part: int, texts: Texts) -> dict[int, set[int]]:
    """Places by the keys that stand there."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for place, lines in _by_place(source, part, texts):
        for group in postings.groups(lines):
            found[postings.key(group)].add(place)
    return found


def _by_place(source: Source, part: int, texts: Texts) -> Iterable[tuple[int, list[str]]]:
    for place, each in groupby(sorted(texts), lambda one: (one[0] - (part << source.part)) >> source.place):
        # A word that is looked for reaches over the end of no line.
        yield place, [line for _, text in each for line in text.split("\n")]


async def _rewrite(source: Source, part: int, gone: Mapping[int, set[int]], new: Mapping[int, set[int]]) -> None:
    """Write those rows again that are not as they should be."""
    buckets = sorted({source.bucket(key) for key in (*gone, *new)})
    if not buckets:
        return
    rows = await fetch(
        f"SELECT bucket, keys, places FROM {source.table}_search WHERE part = ? AND bucket IN ({marks(len(buckets))})",  # noqa: S608
        [part, *buckets],
    )
    stored = {row["bucket"]: dict(zip(row["keys"], row["places"], strict=True)) for row in rows}
    written: dict[int, dict[int, bytes]] = {}
    for key in {*gone, *new}:
        held = stored.setdefault(source.bucket(key), {})
        before = set(postings.unpacked(held.get(key, b""), source.places))
        places = before - gone.get(key, set()) | new.get(key, set())
        if places != before:
            written[source.bucket(key)] = held
            held[key] = postings.packed(sorted(places), source.places)
    await _write(source, part, {at: {key: one for key, one in held.items() if one} for at, held in written.items()})


async def _fill(source: Source, pace: Pace) -> bool:
    part = await _next(source)
    if part is None or not await _is_whole(source):
        return False
    async with transaction():
        if not (await fetch(f"SELECT pg_try_advisory_xact_lock({_LOCK}) AS ours"))[0]["ours"]:
            return False  # another node is at it
        if part == await _next(source):
            await _write(source, part, await _packed(source, await _gather(source, part, pace), pace))
            await fetch(f"INSERT INTO {source.table}_search_part (part) SELECT ?::int", (part,))
    return True


async def _next(source: Source) -> int | None:
    """The newest part that is full and not in the index."""
    ids = f"SELECT min(id) >> {source.part} AS lowest, max(id) >> {source.part} AS top FROM {source.table}"  # noqa: S608
    found = await fetch(
        f"SELECT part FROM ({ids}) AS ids, generate_series(top - 1, lowest, -1) AS part "  # noqa: S608
        f"WHERE part NOT IN (SELECT part FROM {source.table}_search_part) ORDER BY part DESC LIMIT 1"
    )
    return found[0]["part"] if found else None


async def _is_whole(source: Source) -> bool:
    """Whether nobody has an id of a full part and has not shown its row yet.

    An id is given after its transaction has locked the table, and a row behind the part is there already. So whoever
    holds such a lock now may have one; whoever comes later has not.
    """
    before = await _writers(source)
    for _ in range(_LOOKS):
        before &= await _writers(source) if before else set()
        if not before:
            return True
        await asyncio.sleep(_PAUSE)
    return False


async def _writers(source: Source) -> set[str]:
    rows = await fetch(
        "SELECT virtualtransaction AS name FROM pg_locks WHERE relation = ?::text::regclass "
        "AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()",
        (source.table,),
    )
    return {row["name"] for row in rows}


async def _texts(source: Source, ids: Sequence[int]) -> Texts:
    rows = await fetch(
        f"SELECT id, {', '.join(source.words)} FROM {source.table} WHERE id IN ({marks(len(ids))}) "  # noqa: S608
        f"AND {source.searched}",
        ids,
    )
    return [(row["id"], source.text(row)) for row in rows]


async def _gather(source: Source, part: int, pace: Pace) -> Mapping[str, Sequence[int]]:
    """Places by group, ascending."""
    found: defaultdict[str, array[int]] = defaultdict(_no_places)
    for first in range(part << source.part, part + 1 << source.part, _SLICE):
        texts = await _texts(source, range(first, first + _SLICE))
        pace.works()
        for place, lines in _by_place(source, part, texts):
            for group in postings.groups(lines):
                found[group].append(place)
            await pace.breathes()
        await pace.rests()
    return found


def _no_places() -> array[int]:
    return array("H")


async def _packed(source: Source, found: Mapping[str, Sequence[int]], pace: Pace) -> Stored:
    stored: defaultdict[int, dict[int, bytes]] = defaultdict(dict)
    pace.works()
    for group, places in found.items():
        key = postings.key(group)
        held = stored[source.bucket(key)]
        if key in held:  # two groups share it
            places = sorted({*places, *postings.unpacked(held[key], source.places)})
        held[key] = postings.packed(places, source.places)
        await pace.breathes()
    return stored


async def _write(source: Source, part: int, stored: Stored) -> None:
    rows: list[Sequence[Any]] = [(at, part, [*held], [*held.values()]) for at, held in sorted(stored.items())]
    statement = (
        f"INSERT INTO {source.table}_search (bucket, part, keys, places) "
        "SELECT ?::smallint, ?::int, ?::int[], ?::bytea[] "
        "ON CONFLICT (bucket, part) DO UPDATE SET keys = excluded.keys, places = excluded.places"
    )
    for at in range(0, len(rows), _ROWS):
        await execute(client(), [(statement, rows[at : at + _ROWS])])
