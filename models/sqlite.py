"""Tortoise's SQLite engine with the two things that durability and speed need: BEGIN IMMEDIATE, and one thread hop a batch.

A deferred BEGIN that later writes fails at once with SQLITE_BUSY_SNAPSHOT and ignores `busy_timeout`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    """Takes the write lock at the start, so that a conflict waits there instead of failing later."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error


class ParleySqliteClient(SqliteClient):
    """One connection, one thread, one lock: the single writer of the file."""

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


@translate_exceptions
async def run_batch(client: SqliteClient, statements: Sequence[tuple[str, Sequence[Sequence[Any]]]]) -> None:
    """Run many statements in one hop to the connection's thread; the caller holds the transaction."""
    connection: Any = client._connection  # noqa: SLF001 - aiosqlite has no public way to run a function in its thread

    def run(raw: sqlite3.Connection) -> None:
        for sql, rows in statements:
            raw.executemany(sql, rows)

    await connection._execute(run, connection._conn)  # noqa: SLF001


__all__ = ["ParleySqliteClient", "SqliteClient", "client_class", "run_batch"]

client_class = ParleySqliteClient
