"""Numbered SQL files, one per dialect, applied once each and never changed after a release.

`models/migrations/<dialect>/0002_what_it_does.sql`. Additive changes are plain SQL. A file that rebuilds a SQLite table
starts with the line `-- rebuild`: it runs with foreign keys off (DROP TABLE would cascade) and must re-create every
index; the foreign keys are checked before it commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

from bot.core.errors import ConfigError

FOLDER = Path(__file__).parent / "migrations"
VERSIONS = (
    "CREATE TABLE IF NOT EXISTS schema_version "
    "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)"
)
LOCK = "SELECT pg_advisory_xact_lock(hashtext('parley migrations'))"


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def rebuilds(self) -> bool:
        return self.sql.startswith("-- rebuild")


def available(dialect: str, folder: Path = FOLDER) -> list[Migration]:
    """The migrations that ship, in order."""
    files = sorted((folder / dialect).glob("[0-9]*.sql"))
    return [Migration(int(file.stem.partition("_")[0]), file.stem, file.read_text("utf-8")) for file in files]


async def pending(connection: BaseDBAsyncClient, dialect: str, folder: Path = FOLDER) -> list[Migration]:
    """What is not applied yet. A file that changed after it was applied is a ConfigError."""
    await connection.execute_script(VERSIONS)
    _, rows = await connection.execute_query("SELECT number, name, checksum FROM schema_version")
    applied = {row["number"]: row for row in rows}
    ours = available(dialect, folder)
    _refuse_newer(applied, ours)
    for migration in ours:
        row = applied.get(migration.number)
        if row and row["checksum"] != migration.checksum:
            raise ConfigError(f"migration {migration.name} was changed after it was applied; restore the released file")
    return [migration for migration in ours if migration.number not in applied]


def _refuse_newer(applied: dict[int, Any], ours: list[Migration]) -> None:
    newest = max((migration.number for migration in ours), default=0)
    newer = [row["name"] for number, row in applied.items() if number > newest]
    if newer:
        raise ConfigError(f"the database was made by a newer Parley ({', '.join(newer)}); start that version")


async def run(connection: BaseDBAsyncClient, dialect: str, folder: Path = FOLDER) -> list[str]:
    """Apply what is pending, each in its own transaction; returns their names.

    Nodes that start at the same moment do it one after the other: the second one finds nothing left to do.
    """
    async with _alone(connection, dialect):
        todo = await pending(connection, dialect, folder)
        for migration in todo:
            await (_apply_sqlite if dialect == "sqlite" else _apply)(connection, migration)
    return [migration.name for migration in todo]


@asynccontextmanager
async def _alone(connection: BaseDBAsyncClient, dialect: str) -> AsyncIterator[None]:
    """A SQLite file has one process. PostgreSQL's lock lies in a transaction of its own, so it cannot outlive us."""
    if dialect == "sqlite":
        yield
        return
    async with in_transaction(connection.connection_name) as guard:
        await guard.execute_query(LOCK)
        yield


def _stamp(migration: Migration) -> str:
    now = datetime.now(UTC).isoformat(" ", "seconds")
    values = f"{migration.number}, '{migration.name}', '{migration.checksum}', '{now}'"
    return f"INSERT INTO schema_version VALUES ({values})"  # noqa: S608 - our own file's name and hash


async def _apply(connection: BaseDBAsyncClient, migration: Migration) -> None:
    await connection.execute_script(f"BEGIN;\n{migration.sql}\n;{_stamp(migration)};\nCOMMIT;")


async def _apply_sqlite(connection: BaseDBAsyncClient, migration: Migration) -> None:
    # executescript would commit an open transaction, so COMMIT and the pragmas go one by one;
    # PRAGMA foreign_keys is a no-op inside a transaction, so it is switched outside of it.
    if migration.rebuilds:
        await connection.execute_query("PRAGMA foreign_keys=OFF")
    try:
        await connection.execute_script(f"BEGIN IMMEDIATE;\n{migration.sql}\n;{_stamp(migration)};")
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
