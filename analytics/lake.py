"""Keeps a copy of the facts of the database in Parquet files, reading only what is new or changed since the last time.

How nothing is missed: rows are found by id (new ones) and by the time of their change, with an overlap for transactions
that committed late; then the counts of both sides are compared, and a block that differs (rows were deleted, or came in
with an old id) is read again as a whole. A row of the lake is the latest version of its id.

The lake knows no person: there are no names, addresses, phone numbers or texts in it, and no ids of contacts. What an
erasure removes from the database leaves the lake at the next update, because the counts differ; `erase` does it at
once.
"""

# ruff: noqa: S608 - names of tables and whole numbers are all that is put into SQL here

from __future__ import annotations

import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq  # type: ignore[import-untyped]

from analytics import manifest as manifests
from analytics.columnar import schema
from analytics.export import MOST_IDS, Done, Task, export, export_from, forget
from analytics.manifest import BLOCK, Block, Manifest, Part
from analytics.source import Source, open_source
from analytics.tables import LABELS, TABLES, Table, columns

#: A transaction may commit this long after the time that it wrote into its rows.
OVERLAP = timedelta(minutes=15)
#: With fewer blocks than this, starting more processes costs more than it saves.
FEW_BLOCKS = 4

Progress = Callable[[float], None]
Export = Callable[[Sequence[Task]], Iterator[Done]]


def _silent(share: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did: rows read from the database, and the lake's contents after it."""

    rows_read: int
    manifest: Manifest


def update(url: str, lake: Path, *, now: datetime, only: Collection[str] = (), tell: Progress = _silent) -> Update:
    """Bring the lake in step with the database at `url`; `tell` hears the share that is done, 0 to 1.

    `only` names the tables that are wanted (a child by its parent's name); none: all.

    Only one update runs at a time; a second one waits. A killed one leaves the lake as it was before.
    """
    with manifests.locked(lake), closing(open_source(url)) as source, _exporter(url, lake, source) as run:
        known = manifests.read(lake)
        wanted = [table for table in TABLES if not only or table.name in only]
        plans = [_Plan.make(source, table, known, now) for table in wanted]
        counter = _Counter(sum(len(plan.tasks) for plan in plans), tell)
        parts: dict[str, Part] = {}
        for plan in plans:
            parts |= _apply(source, plan, known, lambda tasks: counter.count(run(tasks)))
        for table in LABELS:
            parts |= _copy(source, lake, known, table)
        after = known.with_parts(parts)
        if after != known:
            make_empty_files(lake)
            manifests.publish(lake, after)
        return Update(counter.rows, after)


@dataclass(frozen=True, slots=True)
class _Plan:
    table: Table
    max_id: int
    changed_to: str
    tasks: list[Task]

    @classmethod
    def make(cls, source: Source, table: Table, known: Manifest, now: datetime) -> _Plan:
        # The marks are taken before any row is read: what changes from here on is above them and read next time.
        part = known.part(table.name)
        (max_id,) = source.numbers(f'SELECT coalesce(max(id),0) FROM "{table.source}"')
        changed_to = _changed_to(source, table, now) or part.changed_to
        return cls(table, max_id, changed_to, _tasks(source, table, known, max_id))


def _changed_to(source: Source, table: Table, now: datetime) -> str:
    latest = table.changed and source.text(f'SELECT {source.latest(table.changed)} FROM "{table.source}"')
    # A row from the future (a clock was wrong) must not hide those that come before it.
    return min(datetime.fromisoformat(latest), now).isoformat() if latest else ""


def _tasks(source: Source, table: Table, known: Manifest, max_id: int) -> list[Task]:
    part = known.part(table.name)
    changed = _changed_ids(source, table, part)
    new = range((part.max_id + 1) // BLOCK, max_id // BLOCK + 1) if max_id > part.max_id else range(0)
    return [_task(table, known, number, changed.get(number, []), max_id) for number in sorted({*changed, *new})]


def _changed_ids(source: Source, table: Table, part: Part) -> dict[int, list[int]]:
    ids: dict[int, list[int]] = defaultdict(list)
    if table.changed and part.changed_to:
        since = (datetime.fromisoformat(part.changed_to) - OVERLAP).isoformat()
        condition = f"{source.since(table.changed, since)} AND id<={part.max_id}"
        for key in source.numbers(f'SELECT id FROM "{table.source}" WHERE {condition}'):
            ids[key // BLOCK].append(key)
    return ids


def _task(table: Table, known: Manifest, number: int, ids: list[int], max_id: int) -> Task:
    old = known.part(table.name).blocks.get(number)
    if old is None or len(ids) > MOST_IDS:
        return _whole(table, number, max_id)
    child = known.part(table.child.name).blocks.get(number) if table.child else None
    first_new = known.part(table.name).max_id + 1
    start, end = max(first_new, number * BLOCK), min((number + 1) * BLOCK - 1, max_id)
    return Task(table, number, tuple(ids), start, end, old.file, child.file if child else "")


def _whole(table: Table, number: int, max_id: int) -> Task:
    """Read a block as if for the first time."""
    return Task(table, number, (), number * BLOCK, min((number + 1) * BLOCK - 1, max_id))


def _apply(source: Source, plan: _Plan, known: Manifest, run: Export) -> dict[str, Part]:
    """The table's part (and its child's) after the tasks, checked against the database's count of rows."""
    table = plan.table
    part = replace(known.part(table.name), max_id=plan.max_id, changed_to=plan.changed_to)
    child = known.part(table.child.name) if table.child else Part()
    part, child = _with(part, child, run(plan.tasks))
    differing = _differing(source, table, part)
    part, child = _with(part, child, run([_whole(table, number, part.max_id) for number in differing]))
    return {table.name: part} | ({table.child.name: child} if table.child else {})


def _with(part: Part, child: Part, done: Iterable[Done]) -> tuple[Part, Part]:
    blocks, children = dict(part.blocks), dict(child.blocks)
    for one in done:
        _put(blocks, one.number, one.block)
        _put(children, one.number, one.child)
    return replace(part, blocks=blocks), replace(child, blocks=children)


def _put(blocks: dict[int, Block], number: int, block: Block | None) -> None:
    if block is None:
        blocks.pop(number, None)
    else:
        blocks[number] = block


def _differing(source: Source, table: Table, part: Part) -> list[int]:
    """The blocks of which the database has another number of rows than the lake."""
    # Without a condition the count reads only the smallest index; rows newer than the mark are few.
    (total,) = source.numbers(f'SELECT count(*) FROM "{table.source}"')
    (newer,) = source.numbers(f'SELECT count(*) FROM "{table.source}" WHERE id>{part.max_id}')
    if total - newer == part.rows:
        return []
    counted = source.pairs(
        # Of what can be divided without a rest: a slash rounds down on some engines only.
        f'SELECT (id-id%{BLOCK})/{BLOCK}, count(*) FROM "{table.source}" WHERE id<={part.max_id} GROUP BY 1'
    )
    theirs, ours = dict(counted), {number: block.rows for number, block in part.blocks.items()}
    return sorted(number for number in {*theirs, *ours} if theirs.get(number) != ours.get(number))


def _copy(source: Source, lake: Path, known: Manifest, table: Table) -> dict[str, Part]:
    """The whole table, if anything in it is different."""
    rows = source.rows(table.columns, table.source, "1=1").sort_by("id")
    old = known.part(table.name).blocks.get(0)
    if old and rows.equals(pq.read_table(lake / old.file, partitioning=None)):
        return {}
    name = f"{table.name}/{os.urandom(6).hex()}.parquet"
    (lake / table.name).mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, lake / name, coerce_timestamps="us")
    return {table.name: Part({0: Block(name, rows.num_rows)})}


def empty_file(table: str) -> str:
    """A file without rows, so that a table that has none yet can still be read with its columns."""
    return f"empty/{table}.parquet"


def make_empty_files(lake: Path) -> None:
    """Write the files of `empty_file`; whoever reads one meanwhile reads the whole old or the whole new one."""
    (lake / "empty").mkdir(parents=True, exist_ok=True)
    names = [table.name for table in (*TABLES, *LABELS)] + [table.child.name for table in TABLES if table.child]
    for name in names:
        path = lake / empty_file(name)
        aside = path.with_name(f".{os.urandom(6).hex()}")
        pq.write_table(schema(columns(name)).empty_table(), aside, coerce_timestamps="us")
        aside.replace(path)


def paths(lake: Path, manifest: Manifest, table: str, since: datetime, until: datetime) -> list[str]:
    """The files that can hold rows of `[since, until)`; for tables without a time, all. Never none."""
    timed = table not in UNTIMED
    blocks = manifest.part(table).blocks.values()
    files = [block.file for block in blocks if not timed or block.meets(since, until)]
    return [str(lake / file) for file in files or [empty_file(table)]]


UNTIMED = {table.name for table in (*TABLES, *LABELS) if not table.at}


def erase(lake: Path, table: str, ids: Sequence[int]) -> int:
    """Drop rows of `table` by id now (orders take their lines along); returns how many went.

    An erasure need not call this: an update does the same once the database has forgotten the rows. It is for those who
    do not want to wait until then.
    """
    definition = next(one for one in TABLES if one.name == table)
    with manifests.locked(lake):
        known = manifests.read(lake)
        part = known.part(table)
        child = known.part(definition.child.name) if definition.child else Part()
        done = [forget(lake, task) for task in _forgetting(definition, part, child, ids)]
        after, child_after = _with(part, child, done)
        parts = {table: after} | ({definition.child.name: child_after} if definition.child else {})
        manifests.publish(lake, known.with_parts(parts))
        return part.rows - after.rows


def _forgetting(table: Table, part: Part, child: Part, ids: Sequence[int]) -> Iterator[Task]:
    by_block: dict[int, list[int]] = defaultdict(list)
    for key in ids:
        by_block[key // BLOCK].append(key)
    for number, keys in by_block.items():
        if number in part.blocks:
            old_child = child.blocks[number].file if number in child.blocks else ""
            yield Task(table, number, tuple(keys), 0, -1, part.blocks[number].file, old_child)


class _Counter:
    """Counts tasks and rows as they are done, and tells the share."""

    def __init__(self, total: int, tell: Progress) -> None:
        self.total, self.done, self.rows, self.tell = max(total, 1), 0, 0, tell

    def count(self, done: Iterable[Done]) -> Iterator[Done]:
        for one in done:
            self.done, self.rows = self.done + 1, self.rows + one.read
            self.tell(min(self.done / self.total, 1.0))
            yield one


@contextmanager
def _exporter(url: str, lake: Path, source: Source) -> Iterator[Export]:
    """Runs few tasks here, and many in a process a core (SQLite lets one process read with one core only)."""
    pools: list[ProcessPoolExecutor] = []

    def run(tasks: Sequence[Task]) -> Iterator[Done]:
        if len(tasks) < FEW_BLOCKS:
            return (export_from(source, lake, task) for task in tasks)
        if not pools:
            pools.append(ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")))
        futures = [pools[0].submit(export, url, lake, task) for task in tasks]
        return (future.result() for future in as_completed(futures))

    try:
        yield run
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)
