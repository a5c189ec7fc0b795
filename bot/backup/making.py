"""Makes a backup: the lake first, then the database at one moment, then the files that it names at that moment.

In this order nothing is missing. A lake that is older than the rows is brought in step by the next report; a file is
stored before a row names it, and is hardly ever deleted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot import __version__
from bot.backup import files, mysql, postgres, sqlite
from bot.backup.archive import Writer, writing
from bot.backup.manifest import Files, Manifest, NamedFile, Rows
from bot.backup.telling import Tell
from bot.core.errors import BadInput, ConfigError
from bot.core.ports import Storage
from models.engines.sqlite import sqlite_path

LAKE = "lake/"
BANK = "test-bank.sqlite"
#: How often the lake's table of contents is read again when a file that it named was swept meanwhile.
LAKE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Places:
    """Where a Parley keeps things. `storage_place` says in words where its files are.

    `lake_files` gives the names of the lake's files by its table of contents; `bank` are the books of the test bank.
    """

    database_url: str
    storage: Storage
    storage_place: str
    files_folder: Path | None  # None: in a bucket
    lake: Path
    lake_files: Callable[[Path], Sequence[str]]
    bank: Path


def engine(places: Places) -> str:
    """Which database it is. Raises `ConfigError` for one that cannot be backed up in this way."""
    match places.database_url.partition(":")[0]:
        case "sqlite":
            return "sqlite"
        case "postgres" | "postgresql" | "asyncpg":
            return "postgres"
        case "mysql" | "mariadb":
            return "mysql"
        case other:
            raise ConfigError(f"there is no backup for {other}; use its own tools")


async def back_up(places: Places, target: Path, *, with_files: bool, tell: Tell) -> Manifest:
    """Write everything to `target`, beside a server that goes on; returns what is in it.

    Raises `BadInput` when `target` is there, or the database is damaged or empty; `ConfigError`, `StorageUnavailable`.
    """
    kind = engine(places)
    with writing(target) as writer, tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as room:
        _keep_lake(writer, places, tell)
        made_at, rows, wanted = await _keep_rows(writer, kind, places, Path(room), tell)
        if places.bank.is_file():
            _keep_bank(writer, places.bank, Path(room))
        if with_files:
            kept = await files.keep(writer, wanted, places.storage, places.storage_place, tell)
        else:
            kept = Files(False, places.storage_place, wanted)
        manifest = Manifest(__version__, made_at, rows, kept, dict(writer.entries))
        tell("writing")
        writer.finish(manifest)
    return manifest


async def _keep_rows(
    writer: Writer, kind: str, places: Places, room: Path, tell: Tell
) -> tuple[datetime, Rows, Sequence[NamedFile]]:
    if kind != "sqlite":
        server = mysql if kind == "mysql" else postgres
        copy = room / server.ENTRY
        made_at, rows, wanted = await server.snapshot(places.database_url, copy, tell)
        writer.copy(server.ENTRY, copy)
        return made_at, rows, wanted
    source, copy = sqlite_path(places.database_url), room / sqlite.ENTRY
    if not source.exists():
        raise BadInput(f"there is no database at {source}, so there is nothing to back up")
    made_at = sqlite.snapshot(source, copy, tell)
    rows = sqlite.read(copy, tell)
    writer.copy(sqlite.ENTRY, copy)
    return made_at, rows, sqlite.named_files(copy)


def _keep_bank(writer: Writer, bank: Path, room: Path) -> None:
    copy = room / BANK
    sqlite.snapshot(bank, copy, lambda _: None)
    writer.copy(BANK, copy)


def _keep_lake(writer: Writer, places: Places, tell: Tell) -> None:
    """The files of one table of contents, and then that table: a report that runs publishes a new one meanwhile."""
    contents = places.lake / "manifest.json"
    if not contents.is_file():
        return
    for attempt in range(1, LAKE_TRIES + 1):
        text, names = contents.read_bytes(), places.lake_files(places.lake)
        if text != contents.read_bytes():
            continue
        try:
            for number, name in enumerate(names, start=1):
                tell(f"lake {number}/{len(names)}")
                if LAKE + name not in writer.entries:
                    writer.copy(LAKE + name, places.lake / name)
        except FileNotFoundError:
            if attempt == LAKE_TRIES:
                raise
            continue
        with writer.add(f"{LAKE}manifest.json") as sink:
            sink.write(text)
        return
