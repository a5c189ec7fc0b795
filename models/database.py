"""Opens the database, and gives everyone the same transaction and the same raw statements on every engine."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from bot.core.errors import DatabaseBusy
from models import engines
from models.engines.engine import Engine, says_busy
from models.engines.engine import Guard as Guard
from models.engines.engine import Overtaken as Overtaken
from models.engines.engine import Query as Query
from models.engines.engine import Statement as Statement


def unchanged(table: str, versions: Mapping[int, int], node: int = 0) -> Guard | None:
    """These rows of `table` still have these versions, by id; they are locked where an engine locks rows.

    A `node` (not 0) must not have been buried either, and is not until the end of the transaction.
    """
    if not versions:
        return alive(node) if node else None
    sql = f"SELECT id, version FROM {table} WHERE id IN ({marks(len(versions))}) ORDER BY id{_engine.row_lock}"  # noqa: S608
    held, rows = (sql, [*versions]), frozenset(versions.items())
    if not node:
        return Guard(held, rows)
    lives = alive(node)
    # In one statement, since every commit asks this: rows are locked by each part, in this order.
    both = (
        f"WITH held AS ({sql}), lives AS ({lives.query[0]}) SELECT id, version FROM held UNION ALL SELECT * FROM lives"  # noqa: S608
    )
    return Guard((both, [*versions, *lives.query[1]]), rows | lives.rows)


def alive(node: int) -> Guard:
    """The node has its lease by the database's clock, and nobody buries it before the transaction ends."""
    return Guard((_engine.alive, [node]), frozenset({(-node, 0)}))


async def assure(guard: Guard, connection: BaseDBAsyncClient) -> None:
    """Inside the caller's transaction. Raises `Overtaken`."""
    sql, values = guard.query
    guard.check(await fetch(sql, values, connection))


log = logging.getLogger(__name__)

_engine: Engine = engines.named("sqlite")
_notes: tuple[str, ...] = ()


def engine() -> Engine:
    """That of the open database."""
    return _engine


def notes() -> tuple[str, ...]:
    """What the operator of the open database should mend."""
    return _notes


def dialect() -> str:
    """The open database's dialect: also its connection name, since Tortoise caches INSERT texts by that name."""
    return _engine.name


async def open_database(url: str, *, lock: bool = True) -> None:
    """Connect to `sqlite://path`, `postgres://…` or `mysql://…`.

    A second process on one SQLite file is refused (ConfigError).
    """
    global _engine, _notes
    made, parts = engines.of(url), urlsplit(url)
    connection = made.settings(url, alone=lock)
    _engine = made
    await Tortoise.init(
        config={
            "connections": {made.name: connection},
            "apps": {"models": {"models": ["models"], "default_connection": made.name}},
            "use_tz": True,
            "timezone": "UTC",
        },
        _enable_global_fallback=True,
    )
    try:
        _notes = await made.look(client())
        for note in _notes:
            log.warning(note, extra={"action": "database_opened"})
    except BaseException as error:
        await close_database()  # also a file that is no database has begun a thread, for which the process would wait
        if not isinstance(error, (DBConnectionError, OSError, OperationalError)):
            raise
        raise DatabaseBusy(
            f"the database {parts.hostname or parts.path} cannot be opened: {made.told(error)}; "
            "look whether it runs, and at database.url"
        ) from error


async def close_database() -> None:
    """Close every connection and let the next process have the database."""
    await Tortoise.close_connections()
    _engine.release()


def client() -> BaseDBAsyncClient:
    """The connection of this task: inside `transaction()` it is the transaction's."""
    return get_connection(_engine.name)


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction, or a savepoint inside one. Locked, full or gone becomes `DatabaseBusy`."""
    with _busy():
        async with _Begun(in_transaction(_engine.name)) as connection:
            yield connection


class _Begun:
    """A transaction whose BEGIN may fail: Tortoise would keep the pool's connection and the task bound to it."""

    def __init__(self, context: Any) -> None:
        self._context = context

    async def __aenter__(self) -> BaseDBAsyncClient:
        try:
            connection: BaseDBAsyncClient = await self._context.__aenter__()
        except BaseException:
            if _engine.is_broken(self._context):
                with suppress(Exception):  # what failed first is what is told
                    await self._context.__aexit__(TransactionManagementError, None, None)
            raise
        return connection

    async def __aexit__(self, *failure: Any) -> None:
        await self._context.__aexit__(*failure)


@contextmanager
def _busy() -> Iterator[None]:
    """Locked, full or gone becomes `DatabaseBusy`; who was cancelled meanwhile is cancelled."""
    before = sys.exception()
    try:
        yield
    except Exception as error:
        if (cancelled := _cancelled(error, before)) is not None:
            raise asyncio.CancelledError(*cancelled.args) from error
        if is_busy(error):
            raise DatabaseBusy(_engine.told(error)) from error
        raise


def _cancelled(error: BaseException, before: BaseException | None) -> asyncio.CancelledError | None:
    """The cancellation of this task that `error` hides, since a rollback after it failed, too.

    What came `before` was somebody else's, and a time limit that ran out hides one that is over.
    """
    task = asyncio.current_task()
    if task is None or not task.cancelling():
        return None
    hidden = error.__context__
    while hidden is not None and hidden is not before:
        if isinstance(hidden, asyncio.CancelledError):
            return hidden
        hidden = hidden.__context__
    return None


def is_busy(error: BaseException) -> bool:
    """Whether the database refuses for now (locked, full, unreachable), as opposed to a wrong statement."""
    if isinstance(error, (DBConnectionError, OSError)) or _engine.is_busy(error):
        return True
    return isinstance(error, (OperationalError, TransactionManagementError)) and says_busy(error)


async def execute(connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
    """Run statements in order inside the caller's transaction; on SQLite in a single thread hop."""
    await _engine.execute(connection, _with_rows(statements))


async def finish(connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
    """`execute` as the last act of a transaction: on SQLite the commit is part of it."""
    await _engine.finish(connection, _with_rows(statements))


def _with_rows(statements: Sequence[Statement]) -> list[Statement]:
    return [(sql, rows) for sql, rows in statements if rows]


async def commit(
    queries: Sequence[Query], statements: Sequence[Statement], guard: Guard | None = None
) -> list[list[dict[str, Any]]]:
    """A transaction of its own: the rows of each query, then the statements.

    No UPDATE, DELETE or upsert is about a row that another statement of the same commit writes.
    Raises `Overtaken` when the guard finds other rows than it must, and `DatabaseBusy`; nothing is written then.
    """
    with _busy():
        return await _engine.commit(client(), guard, queries, _with_rows(statements), transaction)


async def fetch_many(queries: Sequence[Query], connection: BaseDBAsyncClient) -> list[list[dict[str, Any]]]:
    """`fetch` for several queries; on SQLite in a single thread hop."""
    with _busy():
        return await _engine.fetch_many(connection, queries)


async def fetch(
    sql: str, values: Sequence[Any] = (), connection: BaseDBAsyncClient | None = None
) -> list[dict[str, Any]]:
    """Rows of a SELECT, or of an INSERT or UPDATE with RETURNING; `?` for every value, rows read by column name.

    Raises `DatabaseBusy` when the database refuses for now.
    """
    with _busy():
        return await _engine.fetch(connection or client(), sql, values)


def marks(count: int) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" * count)


def as_time(value: Any) -> datetime | None:
    """A raw column as aware UTC: SQLite gives text, a server a datetime."""
    if value is None or isinstance(value, datetime):
        return value
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


async def migrate() -> list[str]:
    """Bring the schema up to date; returns the names of what was applied."""
    from models.migrate import run

    return await asyncio.shield(run(client(), _engine.name))
