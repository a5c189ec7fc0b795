"""SQLite: a file with one process and one writer, which loses nothing that it has confirmed."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from bot.core.errors import ConfigError
from models.engines import sqlite_client
from models.engines.engine import Begin, Engine, Guard, Migration, Query, Rows, Statement, says_busy

#: FULL, because a power cut loses acknowledged commits with NORMAL.
#: The write-ahead log keeps its length between checkpoints: a file that need not grow is synced faster.
PRAGMAS = {
    "synchronous": "FULL",
    "busy_timeout": "5000",
    "cache_size": "-32000",
    "temp_store": "MEMORY",
    "wal_autocheckpoint": "4000",
    "journal_size_limit": "67108864",
}


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite://` URL: `sqlite://data/parley.db` is relative, `sqlite:///var/parley.db` is absolute."""
    return Path(unquote(url.removeprefix("sqlite://").partition("?")[0]))


class Sqlite(Engine):
    """Work goes to the connection's thread in as few hops as can be."""

    name = "sqlite"
    schemes = ("sqlite",)
    row_lock = ""
    value_lock = ""
    is_shared = False
    now = "((julianday('now') - 2440587.5) * 86400.0)"  # unixepoch knows parts of a second only since SQLite 3.42
    alive = f"SELECT -id AS id, 0 AS version FROM node WHERE id = ? AND until > {now}"  # noqa: S608
    claim_lock = ""

    def __init__(self) -> None:
        self._lock_file: int | None = None
        self._path = Path()

    def settings(self, url: str, *, alone: bool) -> dict[str, Any] | str:
        path = self._path = sqlite_path(url)
        _make(path.parent.absolute())
        if alone:
            self._lock(path)
        credentials = PRAGMAS | dict(parse_qsl(urlsplit(url).query)) | {"file_path": str(path)}
        return {"engine": sqlite_client.__name__, "credentials": credentials}

    def _lock(self, path: Path) -> None:
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise ConfigError(
                f"another Parley is using {path}: SQLite serves one process. Stop it first, do this at its desk, "
                "or use PostgreSQL."
            ) from error
        self._lock_file = handle

    def release(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    async def look(self, connection: BaseDBAsyncClient) -> tuple[str, ...]:
        try:
            await connection.execute_query("SELECT 1")
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorname", "") not in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
                raise
            raise ConfigError(
                f"{self._path} is no SQLite database, or it is damaged ({error}). Move it away and restore a backup "
                "(`bot restore`), or correct database.url."
            ) from error
        return ()

    def is_busy(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.OperationalError) and says_busy(error)

    def told(self, error: BaseException) -> str:
        # "disk I/O error" alone has some thirty causes; Tortoise's error does not know which, that behind it does.
        raw = error if isinstance(error, sqlite3.Error) else error.__context__
        code = getattr(raw, "sqlite_errorname", "")
        return f"{error} ({code})" if code else str(error)

    def is_broken(self, context: Any) -> bool:  # noqa: ARG002 - ImmediateContext cleans up behind itself
        return False

    async def fetch(self, connection: BaseDBAsyncClient, sql: str, values: Sequence[Any]) -> Rows:
        return await connection.execute_query_dict(sql, list(values))

    async def fetch_many(self, connection: BaseDBAsyncClient, queries: Sequence[Query]) -> list[Rows]:
        found: list[Rows] = await sqlite_client.read_batch(connection, queries)
        return found

    async def execute(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        await sqlite_client.run_batch(connection, statements)

    async def finish(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        if isinstance(connection, sqlite_client.ImmediateTransaction):
            await sqlite_client.finish_batch(connection, statements)  # the commit is part of it
        else:
            await self.execute(connection, statements)

    async def commit(
        self,
        connection: BaseDBAsyncClient,
        guard: Guard | None,
        queries: Sequence[Query],
        statements: Sequence[Statement],
        begin: Begin,  # noqa: ARG002 - one hop begins and ends it
    ) -> list[Rows]:
        found: list[Rows] = await sqlite_client.commit_batch(connection, guard, queries, statements)
        return found

    async def end_sessions(self, connection: BaseDBAsyncClient, session: str) -> None:
        """There is one process."""

    @asynccontextmanager
    async def migrating(self, connection: BaseDBAsyncClient) -> AsyncIterator[BaseDBAsyncClient]:
        yield connection  # a file has one process

    async def apply(self, connection: BaseDBAsyncClient, migration: Migration, stamp: str) -> None:
        # executescript would commit an open transaction, so COMMIT and the pragmas go one by one;
        # PRAGMA foreign_keys is a no-op inside a transaction, so it is switched outside of it.
        if migration.rebuilds:
            await connection.execute_query("PRAGMA foreign_keys=OFF")
        try:
            await connection.execute_script(f"BEGIN IMMEDIATE;\n{migration.sql}\n;{stamp};")
            _, broken = await connection.execute_query("PRAGMA foreign_key_check")
            if broken:
                raise ConfigError(f"migration {migration.name} would leave {len(broken)} rows that point at nothing")
            await connection.execute_query("COMMIT")
        except BaseException:
            with suppress(OperationalError):  # a failed script may have ended the transaction itself
                await connection.execute_query("ROLLBACK")
            raise
        finally:
            if migration.rebuilds:
                await connection.execute_query("PRAGMA foreign_keys=ON")


def _make(folder: Path) -> None:
    """SQLite syncs the names in its folder. That the folder has a name, if we are the ones who made it, is ours."""
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in new:
        with suppress(OSError):  # as SQLite does: there are file systems that sync no folder
            handle = os.open(one.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
