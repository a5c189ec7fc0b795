"""Reads the database beside the running bot, without a write and without a lock on it, as Arrow columns.

No row becomes a Python object on the way, which would take ten times as long: SQLite's rows are made into Arrow's
columns by a driver in C, and PostgreSQL's come as CSV, which it writes and Arrow reads in C, too.

A process that reads a SQLite file here must not open it with Python's `sqlite3` as well: that is another copy of the
library, and when one of two copies closes a file, the system drops the locks of both.
"""

# ruff: noqa: S608 - the texts that go into SQL are names and conditions of ours

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import adbc_driver_sqlite.dbapi as sqlite
import asyncpg
import pyarrow as pa  # type: ignore[import-untyped]
from adbc_driver_sqlite import StatementOptions

from analytics.columnar import from_csv, from_texts
from analytics.tables import Column
from bot.core.errors import DatabaseBusy


class Source(Protocol):
    """One connection. Reads may be long; each sees one state of the database."""

    def rows(self, columns: Sequence[Column], table: str, where: str) -> pa.Table:
        """Rows as Arrow columns of `columnar.schema(columns)`."""

    def numbers(self, sql: str) -> list[int]:
        """A column of whole numbers."""

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        """Two columns of whole numbers."""

    def text(self, sql: str) -> str | None:
        """The one value of a query, as text."""

    def since(self, column: str, moment: str) -> str:
        """The condition that `column` is at or after `moment`, an ISO 8601 time in UTC."""

    def latest(self, column: str) -> str:
        """The expression that gives a time column's maximum as ISO 8601 text in UTC."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _Closing:
    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SqliteSource(_Closing):
    """A read-only connection to a file that another process writes in WAL mode; it can neither write nor checkpoint."""

    def __init__(self, path: Path) -> None:
        if not os.access(path, os.R_OK):  # of which the driver says that memory ran out
            raise FileNotFoundError(f"there is no readable file {path}")
        # Each query sees a state of its own: a transaction over all of them would keep the WAL from being emptied.
        self._connection = sqlite.connect(f"{path.absolute().as_uri()}?mode=ro", autocommit=True)
        for setting in ("busy_timeout=30000", "cache_size=-16384"):
            self._arrow(f"PRAGMA {setting}")

    def _arrow(self, sql: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{StatementOptions.BATCH_ROWS.value: BATCH_ROWS})
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

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


#: Rows that the driver hands over at a time; its own 1024 cost a third more.
BATCH_ROWS = "65536"
_VALUES = {"second": "ifnull(substr({},1,19),'')", "moment": "ifnull(replace({},'+00:00',''),'')"}


class PostgresSource(_Closing):
    """A read-only connection that copies out."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[asyncpg.Record] = self._runner.run(_connect(url))

    def rows(self, columns: Sequence[Column], table: str, where: str) -> pa.Table:
        values = ",".join(_EXPRESSIONS.get(column.type, "{}").format(f'"{column.name}"') for column in columns)
        # Quoted always, so that Arrow tells an empty text from a null.
        quoted = ",".join(f"c{number}" for number, column in enumerate(columns) if column.type == "text")
        names = ",".join(f"c{number}" for number in range(len(columns)))
        sql = f'SELECT * FROM (SELECT {values} FROM "{table}" WHERE {where}) AS t({names})'
        return from_csv(self._runner.run(self._copy(sql, quoted)), columns)

    async def _copy(self, sql: str, quoted: str) -> bytes:
        pieces: list[bytes] = []

        async def keep(piece: bytes) -> None:
            pieces.append(piece)

        forced = [name for name in quoted.split(",") if name]
        await self._connection.copy_from_query(sql, output=keep, format="csv", force_quote=forced or None)
        return b"".join(pieces)

    def numbers(self, sql: str) -> list[int]:
        return [row[0] for row in self._runner.run(self._connection.fetch(sql))]

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        return [(row[0], row[1]) for row in self._runner.run(self._connection.fetch(sql))]

    def text(self, sql: str) -> str | None:
        value: str | None = self._runner.run(self._connection.fetchval(sql))
        return value

    def since(self, column: str, moment: str) -> str:
        return f"\"{column}\">='{moment}'::timestamptz"

    def latest(self, column: str) -> str:
        return f"""to_char(max("{column}"),'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""

    def close(self) -> None:
        self._runner.run(self._connection.close())
        self._runner.close()


_EXPRESSIONS = {"second": "date_trunc('second',{} AT TIME ZONE 'UTC')", "moment": "{} AT TIME ZONE 'UTC'"}


async def _connect(url: str) -> asyncpg.Connection[asyncpg.Record]:
    scheme = url.partition("://")[0]
    return await asyncpg.connect(
        "postgresql" + url[len(scheme) :],
        timeout=20,
        server_settings={"timezone": "UTC", "default_transaction_read_only": "on", "application_name": "parley-lake"},
    )


def open_source(url: str) -> Source:
    """Connect to `sqlite://path` or `postgres://…`. Raises `DatabaseBusy` when it cannot be reached."""
    try:
        if urlsplit(url).scheme == "sqlite":
            return SqliteSource(Path(unquote(url.removeprefix("sqlite://").partition("?")[0])))
        return PostgresSource(url)
    except (sqlite.Error, asyncpg.PostgresError, OSError) as error:
        raise DatabaseBusy(f"the database cannot be read: {error}") from error
