"""Reads a PostgreSQL database by copying out what is asked for, on a connection that cannot write."""

# ruff: noqa: S608 - the texts that go into SQL are names and conditions of ours

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pyarrow as pa  # type: ignore[import-untyped]

from analytics.columnar import from_csv
from analytics.tables import Column
from bot.core.errors import DatabaseBusy


class PostgresSource:
    """A read-only connection that copies out."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[asyncpg.Record] = self._runner.run(_dial(url))

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


_EXPRESSIONS = {
    "flag": "{}::int",
    "second": "date_trunc('second',{} AT TIME ZONE 'UTC')",
    "moment": "{} AT TIME ZONE 'UTC'",
}


async def _dial(url: str) -> asyncpg.Connection[asyncpg.Record]:
    scheme = url.partition("://")[0]
    return await asyncpg.connect(
        "postgresql" + url[len(scheme) :],
        timeout=20,
        server_settings={"timezone": "UTC", "default_transaction_read_only": "on", "application_name": "parley-lake"},
    )


def connect(url: str) -> PostgresSource:
    """Connect to `postgres://…`. Raises `DatabaseBusy` when the server cannot be reached."""
    try:
        return PostgresSource(url)
    except (asyncpg.PostgresError, OSError) as error:
        raise DatabaseBusy(f"the database cannot be read: {error}") from error
