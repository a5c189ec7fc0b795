"""Reads a MariaDB or MySQL database as CSV that the server writes and Arrow reads, without being able to write."""

# ruff: noqa: S608 - the texts that go into SQL are names and conditions of ours

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncmy
import pyarrow as pa  # type: ignore[import-untyped]
from asyncmy.errors import Error

from analytics.columnar import from_csv
from analytics.tables import Column, Type
from bot.core.errors import DatabaseBusy
from models.engines.mysql import lone

_TIME = "%Y-%m-%d %H:%i:%s"
#: A column as a field of CSV. A text is quoted always, so that Arrow tells an empty one from a null.
_FIELDS: dict[Type, str] = {
    "text": """coalesce(concat('"', replace(cast("{0}" AS CHAR), '"', '""'), '"'), '')""",  # of one collation
    "second": f"""coalesce(date_format("{{0}}", '{_TIME}'), '')""",
    "moment": f"""coalesce(date_format("{{0}}", '{_TIME}.%f'), '')""",
}
_NUMBER = """coalesce("{0}", '')"""


class MysqlSource:
    """A read-only connection; each row comes as one line of text."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._connection: Any = self._runner.run(_dial(url))

    def rows(self, columns: Sequence[Column], table: str, where: str) -> pa.Table:
        fields = ", ',', ".join(_FIELDS.get(column.type, _NUMBER).format(column.name) for column in columns)
        lines = self._fetch(f'SELECT concat({fields}) FROM "{table}" WHERE {where}')
        return from_csv("".join([f"{line}\n" for (line,) in lines]).encode(), columns)

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return self._runner.run(self._ask(sql))

    async def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql)
            return list(await cursor.fetchall())

    def numbers(self, sql: str) -> list[int]:
        return [int(row[0]) for row in self._fetch(sql)]

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        return [(int(row[0]), int(row[1])) for row in self._fetch(sql)]

    def text(self, sql: str) -> str | None:
        value: str | None = self._fetch(sql)[0][0]
        return value

    def since(self, column: str, moment: str) -> str:
        return f"\"{column}\">='{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"

    def latest(self, column: str) -> str:
        return f"""date_format(max("{column}"), '%Y-%m-%dT%H:%i:%s.%f+00:00')"""

    def close(self) -> None:
        self._runner.run(self._connection.ensure_closed())
        self._runner.close()


async def _dial(url: str) -> Any:
    connection = await asyncmy.connect(**lone(url))
    async with connection.cursor() as cursor:
        await cursor.execute("SET SESSION TRANSACTION READ ONLY")
    return connection


def connect(url: str) -> MysqlSource:
    """Connect to `mysql://…`. Raises `DatabaseBusy` when the server cannot be reached."""
    try:
        return MysqlSource(url)
    except (Error, OSError) as error:
        raise DatabaseBusy(f"the database cannot be read: {error}") from error
