"""Numbered SQL files, one per dialect, applied once each and never changed after a release.

`models/migrations/<dialect>/0002_what_it_does.sql`. Additive changes are plain SQL. A file that rebuilds a SQLite table
starts with the line `-- rebuild`: it runs with foreign keys off (DROP TABLE would cascade) and must re-create every
index; the foreign keys are checked before it commits. One for PostgreSQL that starts with the line `-- online` runs
statement by statement without a transaction, so that it may build indexes of large tables while others write; each
statement must bear being run again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import ConfigError
from models import engines
from models.engines.engine import Migration

FOLDER = Path(__file__).parent / "migrations"
VERSIONS = (
    "CREATE TABLE IF NOT EXISTS schema_version "
    "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at TEXT NOT NULL)"
)


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
    """Apply what is pending, each in its own transaction if it has one; returns their names.

    Nodes that start at the same moment do it one after the other: the second one finds nothing left to do.
    """
    engine = engines.named(dialect)
    async with engine.migrating(connection) as mine:
        todo = await pending(mine, dialect, folder)
        for migration in todo:
            await engine.apply(mine, migration, _stamp(migration))
    return [migration.name for migration in todo]


def _stamp(migration: Migration) -> str:
    now = datetime.now(UTC).isoformat(" ", "seconds")
    values = f"{migration.number}, '{migration.name}', '{migration.checksum}', '{now}'"
    return f"INSERT INTO schema_version VALUES ({values})"  # noqa: S608 - our own file's name and hash
