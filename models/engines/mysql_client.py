"""Tortoise's client for MariaDB and MySQL: strict sessions in UTC, many statements in one step, all errors told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncmy
from asyncmy import converters, errors
from asyncmy.constants import FIELD_TYPE
from asyncmy.cursors import Cursor
from tortoise.backends.base.client import NestedTransactionContext, TransactionContext, TransactionContextPooled
from tortoise.backends.mysql.client import MySQLClient, TransactionWrapper, translate_exceptions
from tortoise.exceptions import DBConnectionError

#: Names in double quotes as on the other engines; a value that does not fit is an error, on whatever table. READ
#: COMMITTED, since the default would lock what lies between rows and show a transaction only what it saw first. The
#: comments are read by one of the two servers each, which have different names for it.
SESSION_SETTINGS = (
    "SET SESSION sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE', time_zone = '+00:00', innodb_lock_wait_timeout = 10"
    " /*M! , tx_isolation = 'READ-COMMITTED' */ /*!80000 , transaction_isolation = 'READ-COMMITTED' */"
)
_IGNORED = frozenset({1062, 1287, 1681})  # a duplicate that was to be ignored; two ways to say "deprecated"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement did: how many rows it changed, the id it gave, the rows it found."""

    changed: int
    id: int
    rows: list[dict[str, Any]]


class Strict(Cursor):
    """INSERT IGNORE ignores duplicates and nothing else, and no warning is logged: it would quote the row."""

    async def _show_warnings(self, conn: Any) -> None:
        if conn._result.has_next:  # noqa: SLF001 - the next answer is on its way
            return
        for level, code, text in await conn.show_warnings() or ():
            if level != "Note" and code not in _IGNORED:
                raise errors.DataError(code, text)


def _aware(raw: Any) -> Any:
    value = converters.convert_datetime(raw)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _whole(raw: Any) -> int | Decimal:
    """There is no decimal column: what comes as one is a sum of whole numbers, or a mean."""
    value = Decimal(raw.decode() if isinstance(raw, bytes) else raw)
    return int(value) if value == value.to_integral_value() else value


def _utc_literal(value: datetime, _mapping: object = None) -> str:
    utc = value.astimezone(UTC) if value.tzinfo else value
    return f"'{utc:%Y-%m-%d %H:%M:%S.%f}'"


def conversions() -> dict[Any, Callable[..., Any]]:
    """Values both ways: times are aware UTC, sums are numbers."""
    return converters.conversions | {
        datetime: _utc_literal,
        FIELD_TYPE.DATETIME: _aware,
        FIELD_TYPE.TIMESTAMP: _aware,
        FIELD_TYPE.DECIMAL: _whole,
        FIELD_TYPE.NEWDECIMAL: _whole,
    }


class ParleyMySQLClient(MySQLClient):
    """A pool of sessions that are all alike."""

    async def create_connection(self, with_db: bool) -> None:
        self._template = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "db": self.database if with_db else None,
            "autocommit": True,
            "charset": self.charset,
            "minsize": self.pool_minsize,
            "maxsize": self.pool_maxsize,
            "conv": conversions(),
            "cursor_cls": Strict,
            **self.extra,
        }
        try:
            self._pool = await asyncmy.create_pool(password=self.password, **self._template)
        except errors.Error as error:
            raise DBConnectionError(str(error)) from error

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(Transaction(self), self._pool_init_lock)

    @translate_exceptions
    async def run(self, statements: Sequence[str]) -> list[Answer]:
        """Several statements in one step. The first that fails ends it; those before it are done."""
        return await _run(self, statements)


class Transaction(TransactionWrapper):
    """A session of the pool with a transaction open; see also `alone`."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(Transaction(self))

    @translate_exceptions
    async def run(self, statements: Sequence[str]) -> list[Answer]:
        """As that of the client."""
        return await _run(self, statements)

    @translate_exceptions
    async def commit(self) -> None:
        await super().commit()

    @translate_exceptions
    async def release_savepoint(self) -> None:
        await super().release_savepoint()

    async def rollback(self) -> None:
        """When the session is lost, so is its transaction: what broke it is what is told."""
        try:
            await super().rollback()
        except errors.Error:
            self._finalized = True
            self._connection.close()

    async def savepoint_rollback(self) -> None:
        """After a deadlock there is neither savepoint nor transaction: the deadlock is what is told."""
        try:
            await super().savepoint_rollback()
        except errors.Error:
            self._savepoint = None
            self._finalized = True


async def _run(client: MySQLClient, statements: Sequence[str]) -> list[Answer]:
    answers: list[Answer] = []
    async with client.acquire_connection() as connection, connection.cursor() as cursor:
        await cursor.execute(";\n".join(statements))
        answers.append(_answer(cursor))
        while await cursor.nextset():
            answers.append(_answer(cursor))
    return answers


def _answer(cursor: Any) -> Answer:
    result = cursor._result  # noqa: SLF001 - as Tortoise does; the cursor keeps no names of columns
    names = [field.name for field in result.fields] if result.rows else []
    rows = [dict(zip(names, row, strict=True)) for row in result.rows or ()]
    return Answer(result.affected_rows, result.insert_id or 0, rows)


client_class = ParleyMySQLClient
