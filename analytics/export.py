"""Copies one block of a table (and of its child) from the database into Parquet files of the lake.

A block is the rows whose id lies in one range. It is one file, with one row an id, always: where rows changed, the
file is written anew with them, so that a report never has to look for the latest version of a row.
"""

from __future__ import annotations

import os
import uuid
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from analytics.columnar import schema
from analytics.manifest import Block
from analytics.source import Source, open_source
from analytics.tables import Child, Table, columns

Numbers = np.ndarray[tuple[int], np.dtype[np.int64]]

#: More ids than this are not named one by one: the block is read whole.
MOST_IDS = 20_000


@dataclass(frozen=True, slots=True)
class Task:
    """Bring block `number` up to date: read `ids` again, and everything from id `start` to `end` (both included).

    `old` and `old_child` are the block's present files.
    """

    table: Table
    number: int
    ids: tuple[int, ...]
    start: int
    end: int
    old: str = ""
    old_child: str = ""

    def condition(self, key: str) -> str:
        """Which rows to read, as SQL."""
        span = f"{key} BETWEEN {self.start} AND {self.end}"
        return span if not self.ids else f"({span} OR {key} IN ({','.join(map(str, self.ids))}))"


@dataclass(frozen=True, slots=True)
class Done:
    """The block's new files; None where no row is left. `read` counts the rows that came from the database."""

    number: int
    block: Block | None
    child: Block | None
    read: int


def export(url: str, lake: Path, task: Task) -> Done:
    """Run one task on a connection of its own (in whichever process)."""
    with closing(open_source(url)) as source:
        return export_from(source, lake, task)


def export_from(source: Source, lake: Path, task: Task) -> Done:
    """Run one task; the files are complete and on disk, but not yet part of the lake."""
    table = task.table
    fresh = source.rows(table.columns, table.source, task.condition("id"))
    rows = _merged(fresh, _old(lake, task.old), "id", task)
    block = _write(lake, table.name, task.number, rows, table.at)
    if table.child is None:
        return Done(task.number, block, None, fresh.num_rows)
    child, count = _export_child(source, lake, task, table.child, fresh)
    return Done(task.number, block, child, fresh.num_rows + count)


def _export_child(source: Source, lake: Path, task: Task, child: Child, parents: pa.Table) -> tuple[Block | None, int]:
    fresh = source.rows(child.columns, child.source, task.condition(child.parent_key))
    told = _inherit(fresh, parents.select(["id", *child.inherits]), child.parent_key)
    rows = _merged(told, _old(lake, task.old_child), child.parent_key, task)
    return _write(lake, child.name, task.number, rows, task.table.at), fresh.num_rows


def forget(lake: Path, task: Task) -> Done:
    """Write the block anew without the task's ids; nothing is read from a database."""
    table = task.table
    rows = _merged(schema(table.columns).empty_table(), _old(lake, task.old), "id", task)
    block = _write(lake, table.name, task.number, rows, table.at)
    if table.child is None or not task.old_child:
        return Done(task.number, block, None, 0)
    none = schema(columns(table.child.name)).empty_table()
    children = _merged(none, _old(lake, task.old_child), table.child.parent_key, task)
    return Done(task.number, block, _write(lake, table.child.name, task.number, children, table.at), 0)


def _inherit(rows: pa.Table, parents: pa.Table, key: str) -> pa.Table:
    """Give each row its parent's columns; a row whose parent came too late waits for the next update."""
    place = _places(rows[key].to_numpy(), parents["id"].to_numpy())
    if place.size and place.min() < 0:
        rows, place = rows.filter(pa.array(place >= 0)), place[place >= 0]
    for name in parents.column_names[1:]:
        # In one piece, because taking from several is many times as slow.
        rows = rows.append_column(name, parents[name].combine_chunks().take(pa.array(place)))
    return rows


def _places(wanted: Numbers, ids: Numbers) -> Numbers:
    """Where in `ids` each of `wanted` is, -1 for nowhere: by a table of all ids from the least to the greatest wanted.

    Those are of one block, so the table is small, and many times as fast as a search or a hash table.
    """
    if not wanted.size:
        return wanted
    least, greatest = wanted.min(), wanted.max()
    table = np.full(greatest - least + 1, -1, np.int64)
    inside = (ids >= least) & (ids <= greatest)
    table[ids[inside] - least] = np.flatnonzero(inside)
    places: Numbers = table[wanted - least]
    return places


def _old(lake: Path, file: str) -> pa.Table | None:
    return pq.read_table(lake / file, partitioning=None) if file else None


def _merged(fresh: pa.Table, old: pa.Table | None, key: str, task: Task) -> pa.Table:
    """The old rows that were not read again, and the fresh ones, by key."""
    if old is None:
        return fresh
    stale = pc.and_(pc.greater_equal(old[key], task.start), pc.less_equal(old[key], task.end))
    if task.ids:
        stale = pc.or_(stale, pc.is_in(old[key], value_set=pa.array(task.ids, pa.int64())))
    merged = pa.concat_tables([old.filter(pc.invert(stale)), fresh])
    return merged.unify_dictionaries().sort_by(key)


def _write(lake: Path, table: str, number: int, rows: pa.Table, at: str) -> Block | None:
    if rows.num_rows == 0:
        return None
    folder = lake / table
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{table}/{number:06d}-{uuid.uuid4().hex[:12]}.parquet"
    with (lake / name).open("wb") as file:
        pq.write_table(
            rows,
            file,
            compression="snappy",
            coerce_timestamps="us",
            use_dictionary=_words(rows.schema),
            # The least and the greatest of the other columns would be found for nobody.
            write_statistics=[at] if at else False,
        )
        file.flush()
        os.fsync(file.fileno())
    first, last = _range(rows, at)
    return Block(name, rows.num_rows, first, last)


def _words(of: pa.Schema) -> list[str]:
    """The columns of text: trying to make dictionaries of numbers, too, takes longer than writing them."""
    return [field.name for field in of if pa.types.is_dictionary(field.type)]


def _range(rows: pa.Table, at: str) -> tuple[str, str]:
    if not at or rows[at].null_count == rows.num_rows:
        return "", ""
    # As numbers, because Arrow imports pandas to make a datetime.
    ends = pc.min_max(rows[at].cast(pa.int64())).as_py()
    return _iso(ends["min"]), _iso(ends["max"])


def _iso(microseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()
