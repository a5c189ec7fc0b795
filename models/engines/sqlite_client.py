"""Tortoise's SQLite engine with what durability and speed need: BEGIN IMMEDIATE, and one thread hop a batch.

A deferred BEGIN that later writes fails at once with SQLITE_BUSY_SNAPSHOT and ignores `busy_timeout`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError

from models.engines.engine import Guard, Query, Rows, Statement, checked, reads
from models.engines.sqlite_bulk import bulk, packed
from models.engines.sqlite_readers import Readers


class ImmediateTransaction(SqliteTransactionWrapper):
    """Takes the write lock at the start, so that a conflict waits there instead of failing later."""

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error

    async def abandon(self) -> None:
        """Whatever is open ends without a trace; nothing open is fine."""
        await self._connection.rollback()

    def finalise(self) -> None:
        """The commit was part of the last batch: there is nothing left to end."""
        self._finalized = True


class ImmediateContext(SqliteTransactionContext):
    """Leaves neither the lock taken nor a transaction open when BEGIN or COMMIT fails: locked, full, cancelled."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            try:
                await self._abandon()
            finally:  # also when that fails, or is cut off: nobody else would ever get the lock
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        inside: TransactionalDBClient = self.connection
        return inside

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        try:
            if not self.connection._finalized:  # noqa: SLF001 - as the parent class does
                await (self.connection.rollback() if exc_type else self.connection.commit())
        except BaseException:
            await self._abandon()
            raise
        finally:
            get_connections().reset(self.token)
            self._trxlock.release()

    async def _abandon(self) -> None:
        if self.connection._connection:  # noqa: SLF001
            await self.connection.abandon()


class ParleySqliteClient(SqliteClient):
    """One connection, one thread, one lock: the file's single writer. What only reads has connections beside it."""

    _readers: Readers | None = None

    @property
    def readers(self) -> Readers:
        """Those of this file."""
        if self._readers is None:
            self._readers = Readers(Path(self.filename))
        return self._readers

    async def close(self) -> None:
        """Close the readers first: who closes last makes the checkpoint."""
        if self._readers is not None:
            self._readers.close()
            self._readers = None
        await super().close()

    def _in_transaction(self) -> TransactionContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)


Work = Sequence[Statement]


@translate_exceptions
async def read_batch(client: SqliteClient, queries: Sequence[Query]) -> list[Rows]:
    """The rows of several SELECTs in one hop; outside a transaction no commit is waited for."""
    if isinstance(client, ParleySqliteClient):
        return await client.readers.run(lambda raw: _read(raw, queries))
    async with client.acquire_connection() as connection:
        found: list[Rows] = await _in_thread(connection, lambda raw: _read(raw, queries))
        return found


@translate_exceptions
async def commit_batch(client: SqliteClient, guard: Guard | None, queries: Sequence[Query], work: Work) -> list[Rows]:
    """A whole transaction in one hop: what the queries return, then the statements, then the commit.

    A guard that refuses ends it without a trace.
    """

    def run(raw: sqlite3.Connection) -> list[Rows]:
        raw.execute("BEGIN IMMEDIATE")
        try:
            found = checked(guard, _read(raw, reads(guard, queries)))
            _write(raw, work)
            raw.execute("COMMIT")
        except BaseException:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise
        return found

    async with client.acquire_connection() as connection:
        found: list[Rows] = await _in_thread(connection, run)
        return found


@translate_exceptions
async def finish_batch(transaction: ImmediateTransaction, work: Work) -> None:
    """The last statements of an open transaction and its commit in one hop."""

    def run(raw: sqlite3.Connection) -> None:
        _write(raw, work)
        raw.execute("COMMIT")

    await _in_thread(transaction._connection, run)  # noqa: SLF001
    transaction.finalise()


def _read(raw: sqlite3.Connection, queries: Sequence[Query]) -> list[Rows]:
    return [[dict(row) for row in raw.execute(sql, values).fetchall()] for sql, values in queries]


def _write(raw: sqlite3.Connection, work: Work) -> None:
    for sql, rows in work:
        if len(rows) > 1 and (together := bulk(sql)):
            raw.execute(together, (packed(rows),))
        else:
            raw.executemany(sql, rows)


async def _in_thread(connection: Any, run: Callable[[sqlite3.Connection], Any]) -> Any:
    # aiosqlite has no public way to run a function of ours in its thread.
    return await connection._execute(run, connection._conn)  # noqa: SLF001


@translate_exceptions
async def run_batch(client: SqliteClient, work: Work) -> None:
    """Run many statements in one hop to the connection's thread; the caller holds the transaction."""

    await _in_thread(client._connection, lambda raw: _write(raw, work))  # noqa: SLF001


__all__ = [
    "ImmediateTransaction",
    "ParleySqliteClient",
    "SqliteClient",
    "client_class",
    "commit_batch",
    "finish_batch",
    "read_batch",
    "run_batch",
]

client_class = ParleySqliteClient
