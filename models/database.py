"""Opens the database, and gives everyone the same transaction and the same raw statements on every engine."""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from bot.core.errors import ConfigError, DatabaseBusy
from models import sqlite

#: FULL, because a power cut loses acknowledged commits with NORMAL.
#: The write-ahead log keeps its length between checkpoints: a file that need not grow is synced faster.
SQLITE_PRAGMAS = {
    "synchronous": "FULL",
    "busy_timeout": "5000",
    "cache_size": "-32000",
    "temp_store": "MEMORY",
    "wal_autocheckpoint": "4000",
    "journal_size_limit": "67108864",
}

Statement = tuple[str, Sequence[Sequence[Any]]]
"""SQL with `?` for every value, and one row of values for each time it runs."""

Query = tuple[str, Sequence[Any]]
"""SQL with `?` for every value, and the values."""


class Overtaken(Exception):
    """Rows were changed since they were read, so what was made of them is not written; `ids` are theirs."""

    def __init__(self, ids: frozenset[int]) -> None:
        super().__init__(f"changed since they were read: {sorted(ids)}")
        self.ids = ids


@dataclass(frozen=True, slots=True)
class Guard:
    """Rows that must be found as they were read: what the query must return, in any order."""

    query: Query
    rows: frozenset[tuple[int, int]]


def unchanged(table: str, versions: Mapping[int, int]) -> Guard:
    """These rows of `table` still have these versions, by id; they are locked where an engine locks rows."""
    lock = "" if _dialect == "sqlite" else " FOR UPDATE"
    sql = f"SELECT id, version FROM {table} WHERE id IN ({marks(len(versions))}) ORDER BY id{lock}"  # noqa: S608
    return Guard((sql, [*versions]), frozenset(versions.items()))


_dialect = ""
_lock_file: int | None = None
_guard: Any = None  # the asyncpg connection that holds the server's lock
_url = ""


def dialect() -> str:
    """The open database's dialect: also its connection name, since Tortoise caches INSERT texts by that name."""
    return _dialect


async def open_database(url: str, *, lock: bool = True) -> None:
    """Connect to `sqlite://path` or `postgres://…`. A second process on one SQLite file is refused (ConfigError)."""
    global _dialect, _url
    parts = urlsplit(url)
    connection: dict[str, Any] | str
    if parts.scheme == "sqlite":
        _dialect, connection = "sqlite", _sqlite_connection(url, lock)
    elif parts.scheme in ("postgres", "postgresql", "asyncpg"):
        _dialect, connection = "postgres", "asyncpg" + url[len(parts.scheme) :]
        _url = "postgres" + url[len(parts.scheme) :]
    else:
        raise ConfigError(f"database: {parts.scheme or url!r} is not known; use sqlite://path or postgres://…")
    await Tortoise.init(
        config={
            "connections": {_dialect: connection},
            "apps": {"models": {"models": ["models"], "default_connection": _dialect}},
            "use_tz": True,
            "timezone": "UTC",
        },
        _enable_global_fallback=True,
    )
    try:
        await client().execute_query("SELECT 1")
    except (DBConnectionError, OSError, OperationalError) as error:
        await close_database()
        raise DatabaseBusy(f"the database {parts.hostname or parts.path} cannot be opened: {error}") from error


def _sqlite_connection(url: str, lock: bool) -> dict[str, Any]:
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    if lock:
        _lock(path)
    credentials = SQLITE_PRAGMAS | dict(parse_qsl(urlsplit(url).query)) | {"file_path": str(path)}
    return {"engine": "models.sqlite", "credentials": credentials}


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite://` URL: `sqlite://data/parley.db` is relative, `sqlite:///var/parley.db` is absolute."""
    return Path(unquote(url.removeprefix("sqlite://").partition("?")[0]))


def _lock(path: Path) -> None:
    global _lock_file
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise ConfigError(
            f"another Parley is using {path}: SQLite serves one process. Stop it first, do this at its desk, "
            "or use PostgreSQL."
        ) from error
    _lock_file = handle


async def serve_alone() -> None:
    """Refuse a second server on one PostgreSQL database (ConfigError); SQLite's lock file does it when it is opened.

    The lock is a session's, so it ends with its process. Commands that only read or add rows go on beside a server.
    """
    global _guard
    if _dialect != "postgres":
        return
    import asyncpg

    _guard = await asyncpg.connect(_url)
    if not await _guard.fetchval("SELECT pg_try_advisory_lock(hashtext('parley server'))"):
        raise ConfigError("another Parley serves this database; this version serves one database with one process")


async def close_database() -> None:
    """Close every connection and let the next process have the database."""
    global _lock_file, _guard
    if _guard is not None:
        await _guard.close()
        _guard = None
    await Tortoise.close_connections()
    if _lock_file is not None:
        os.close(_lock_file)
        _lock_file = None


def client() -> BaseDBAsyncClient:
    """The connection of this task: inside `transaction()` it is the transaction's."""
    return get_connection(_dialect)


@asynccontextmanager
async def transaction() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction, or a savepoint inside one. Locked, full or gone becomes `DatabaseBusy`."""
    try:
        async with _Begun(in_transaction(_dialect)) as connection:
            yield connection
    except Exception as error:
        if is_busy(error):
            raise DatabaseBusy(str(error)) from error
        raise


class _Begun:
    """A transaction whose BEGIN may fail: Tortoise would keep the pool's connection and the task bound to it."""

    def __init__(self, context: Any) -> None:
        self._context = context

    async def __aenter__(self) -> BaseDBAsyncClient:
        try:
            connection: BaseDBAsyncClient = await self._context.__aenter__()
        except BaseException:
            if _dialect == "postgres" and hasattr(self._context, "token"):
                with suppress(Exception):  # what failed first is what is told
                    await self._context.__aexit__(TransactionManagementError, None, None)
            raise
        return connection

    async def __aexit__(self, *failure: Any) -> None:
        await self._context.__aexit__(*failure)


BUSY_WORDS = (
    "locked",
    "disk",
    "full",
    "disk i/o",
    "unable to open",
    "readonly",
    "too many clients",
    "deadlock",
)


def is_busy(error: BaseException) -> bool:
    """Whether the database refuses for now (locked, full, unreachable), as opposed to a wrong statement."""
    if isinstance(error, (DBConnectionError, OSError)) or _is_lost(error):
        return True
    of_database = isinstance(error, (OperationalError, TransactionManagementError, sqlite3.OperationalError))
    return of_database and any(word in str(error).lower() for word in BUSY_WORDS)


def _is_lost(error: BaseException) -> bool:
    """Whether the server went away; its driver is loaded only where it is used, so its errors are known by name."""
    names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("asyncpg")}
    return not names.isdisjoint({"PostgresConnectionError", "InterfaceError", "OperatorInterventionError"})


async def execute(connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
    """Run statements in order inside the caller's transaction; on SQLite in a single thread hop."""
    work = [(sql, rows) for sql, rows in statements if rows]
    if isinstance(connection, sqlite.SqliteClient):
        await sqlite.run_batch(connection, work)
        return
    for sql, rows in work:
        await connection.execute_many(numbered(sql), [list(row) for row in rows])


async def finish(connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
    """`execute` as the last act of a transaction: on SQLite the commit is part of it."""
    if isinstance(connection, sqlite.ImmediateTransaction):
        await sqlite.finish_batch(connection, [(sql, rows) for sql, rows in statements if rows])
        return
    await execute(connection, statements)


async def commit(
    queries: Sequence[Query], statements: Sequence[Statement], guard: Guard | None = None
) -> list[list[dict[str, Any]]]:
    """A transaction of its own: the rows of each query, then the statements.

    Raises `Overtaken` when the guard finds other rows than it must, and `DatabaseBusy`; nothing is written then.
    """
    connection = client()
    if isinstance(connection, sqlite.SqliteClient):
        try:
            work = [(sql, rows) for sql, rows in statements if rows]
            reads = [guard.query, *queries] if guard else queries
            check = (lambda found: _check(guard, found)) if guard else None
            rows: list[list[dict[str, Any]]] = await sqlite.commit_batch(connection, reads, work, check)
            return rows[1:] if guard else rows
        except OperationalError as error:
            if is_busy(error):
                raise DatabaseBusy(str(error)) from error
            raise
    async with transaction() as inside:
        if guard:
            _check(guard, await fetch(*guard.query, inside))
        found = [await fetch(sql, values, inside) for sql, values in queries]
        await execute(inside, statements)
    return found


def _check(guard: Guard, found: Sequence[Mapping[str, Any]]) -> None:
    changed = guard.rows - {(row["id"], row["version"]) for row in found}
    if changed:
        raise Overtaken(frozenset(id_ for id_, _ in changed))


async def fetch_many(queries: Sequence[Query], connection: BaseDBAsyncClient) -> list[list[dict[str, Any]]]:
    """`fetch` for several queries; on SQLite in a single thread hop."""
    if isinstance(connection, sqlite.SqliteClient):
        rows: list[list[dict[str, Any]]] = await sqlite.read_batch(connection, queries)
        return rows
    return [await fetch(sql, values, connection) for sql, values in queries]


async def fetch(
    sql: str, values: Sequence[Any] = (), connection: BaseDBAsyncClient | None = None
) -> list[dict[str, Any]]:
    """Rows of a SELECT, or of an INSERT or UPDATE with RETURNING; `?` for every value, rows read by column name."""
    text = sql if _dialect == "sqlite" else numbered(sql)
    return await (connection or client()).execute_query_dict(text, list(values))


@lru_cache(maxsize=512)
def numbered(sql: str) -> str:
    """`?` to `$1`, `$2`, … for PostgreSQL. Our statements hold no question mark inside a literal."""
    head, *rest = sql.split("?")
    return head + "".join(f"${number}{part}" for number, part in enumerate(rest, start=1))


def marks(count: int) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" * count)


def as_time(value: Any) -> datetime | None:
    """A raw column as aware UTC: SQLite gives text, PostgreSQL a datetime."""
    if value is None or isinstance(value, datetime):
        return value
    parsed = datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


async def migrate() -> list[str]:
    """Bring the schema up to date; returns the names of what was applied."""
    from models.migrate import run

    return await asyncio.shield(run(client(), _dialect))
