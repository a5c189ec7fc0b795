"""Reads the database beside the running bot, without a write and without a lock on it, as CSV in a few large pieces.

CSV, because both engines write it in their own C code and Arrow reads it in its own: four times as fast as rows that
become Python objects on the way.
"""

# ruff: noqa: S608 - the texts that go into SQL are names and conditions of ours

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import asyncpg

from analytics.tables import Column
from bot.core.errors import DatabaseBusy


class Source(Protocol):
    """One connection. Reads may be long; each sees one state of the database."""

    def csv(self, columns: Sequence[Column], table: str, where: str) -> bytes:
        """Rows as CSV without a header; null is an empty field, text is quoted."""

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
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
        self._connection.execute("PRAGMA cache_size=-65536")
        self._connection.execute("PRAGMA mmap_size=17179869184")

    def csv(self, columns: Sequence[Column], table: str, where: str) -> bytes:
        line = ",".join(_FORMATS[column.type] for column in columns)
        values = ",".join(_VALUES[column.type].format(f'"{column.name}"') for column in columns)
        # One long value per query: its making holds neither the interpreter's lock nor a Python object a row.
        # Every line ends with a newline, the last one, too: Arrow takes an empty field at the very end for a text.
        sql = f"""SELECT CAST(group_concat(printf('{line}\n',{values}),'') AS BLOB) FROM "{table}" WHERE {where}"""
        return self._connection.execute(sql).fetchone()[0] or b""

    def numbers(self, sql: str) -> list[int]:
        return [number for (number,) in self._connection.execute(sql)]

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        return self._connection.execute(sql).fetchall()

    def text(self, sql: str) -> str | None:
        text: str | None = self._connection.execute(sql).fetchone()[0]
        return text

    def since(self, column: str, moment: str) -> str:
        # Times are text here, written "2026-11-22 15:04:18.123456+00:00".
        return f"\"{column}\">='{moment[:19].replace('T', ' ')}'"

    def latest(self, column: str) -> str:
        return f'max("{column}")'

    def close(self) -> None:
        self._connection.close()


_FORMATS = {"int": "%d", "int?": "%s", "text": '"%w"', "second": "%.19s", "moment": "%s"}
_VALUES = {"int": "{}", "int?": "{}", "text": "{}", "second": "{}", "moment": "replace({},'+00:00','')"}


class PostgresSource(_Closing):
    """A read-only connection that copies out."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[asyncpg.Record] = self._runner.run(_connect(url))

    def csv(self, columns: Sequence[Column], table: str, where: str) -> bytes:
        values = ",".join(_EXPRESSIONS.get(column.type, "{}").format(f'"{column.name}"') for column in columns)
        # Quoted always, so that Arrow tells an empty text from a null.
        quoted = ",".join(f"c{number}" for number, column in enumerate(columns) if column.type == "text")
        names = ",".join(f"c{number}" for number in range(len(columns)))
        return self._runner.run(
            self._copy(f'SELECT * FROM (SELECT {values} FROM "{table}" WHERE {where}) AS t({names})', quoted)
        )

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
    except (sqlite3.Error, asyncpg.PostgresError, OSError) as error:
        raise DatabaseBusy(f"the database cannot be read: {error}") from error
