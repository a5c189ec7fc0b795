"""Reads a SQLite file that another process writes in WAL mode; it can neither write nor checkpoint.

A process that reads a SQLite file here must not open it with Python's `sqlite3` as well: that is another copy of the
library, and when one of two copies closes a file, the system drops the locks of both.
"""

# ruff: noqa: S608 - the texts that go into SQL are names and conditions of ours

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import adbc_driver_sqlite
import pyarrow as pa  # type: ignore[import-untyped]
from adbc_driver_manager import AdbcConnection, AdbcStatement, Error
from adbc_driver_sqlite import StatementOptions

from analytics.columnar import from_texts
from analytics.tables import Column
from bot.core.errors import DatabaseBusy

#: Rows that the driver hands over at a time; its own 1024 cost a third more, and many more leave the processor's cache.
BATCH_ROWS = "8192"


class SqliteSource:
    """A read-only connection.

    The driver's own interface is used and not its `dbapi`, which loads pandas: that takes longer than a small update.
    """

    def __init__(self, path: Path) -> None:
        if not os.access(path, os.R_OK):  # of which the driver says that memory ran out
            raise FileNotFoundError(f"there is no readable file {path}")
        self._database = adbc_driver_sqlite.connect(f"{path.absolute().as_uri()}?mode=ro")
        # Each query sees a state of its own: a transaction over all of them would keep the WAL from being emptied.
        self._connection = AdbcConnection(self._database)
        for setting in ("busy_timeout=30000", "cache_size=-16384"):
            self._arrow(f"PRAGMA {setting}")

    def _arrow(self, sql: str) -> pa.Table:
        with closing(AdbcStatement(self._connection)) as statement:
            statement.set_options(**{StatementOptions.BATCH_ROWS.value: BATCH_ROWS})
            statement.set_sql_query(sql)
            stream, _ = statement.execute_query()
            return pa.RecordBatchReader.from_stream(stream).read_all()

    def rows(self, columns: Sequence[Column], table: str, where: str) -> pa.Table:
        # The first rows decide on the type of a column: a time that is null is "", so that it is a text there, too.
        values = ",".join(_VALUES.get(column.type, "{}").format(f'"{column.name}"') for column in columns)
        return from_texts(self._arrow(f'SELECT {values} FROM "{table}" WHERE {where}'), columns)

    def numbers(self, sql: str) -> list[int]:
        numbers: list[int] = self._arrow(sql).column(0).to_pylist()
        return numbers

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        firsts, seconds = (column.to_pylist() for column in self._arrow(sql).columns)
        return list(zip(firsts, seconds, strict=True))

    def text(self, sql: str) -> str | None:
        text: str | None = self._arrow(sql).column(0)[0].as_py()
        return text

    def since(self, column: str, moment: str) -> str:
        # Times are text here, written "2026-11-22 15:04:18.123456+00:00".
        return f"\"{column}\">='{moment[:19].replace('T', ' ')}'"

    def latest(self, column: str) -> str:
        return f'max("{column}")'

    def close(self) -> None:
        self._connection.close()
        self._database.close()


_VALUES = {"second": "ifnull(substr({},1,19),'')", "moment": "ifnull(replace({},'+00:00',''),'')"}


def connect(path: Path) -> SqliteSource:
    """Open the file. Raises `DatabaseBusy` when that cannot be."""
    try:
        return SqliteSource(path)
    except (Error, OSError) as error:
        raise DatabaseBusy(f"the database cannot be read: {error}") from error
