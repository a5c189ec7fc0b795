"""Brings a backup back: checked before and after, quiet before anything can see it, and in its place in one step."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

from bot.backup import archive, files, mysql, postgres, sqlite
from bot.backup.archive import Reader, unpacked
from bot.backup.digest import differing
from bot.backup.making import BANK, LAKE, Places, engine
from bot.backup.manifest import Manifest, Rows
from bot.backup.quiet import Quieted, quiet
from bot.backup.telling import Tell
from bot.core.errors import BadInput, ConfigError
from models.database import close_database, execute, migrate, open_database, transaction
from models.engines.sqlite import sqlite_path
from models.migrate import available

#: A server knows for a moment longer, seconds, of somebody who has hung up: the command before this one, say.
LEAVING = 2.0
STAMP = "INSERT INTO schema_version (number, name, checksum, applied_at) VALUES (?,?,?,?)"


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `aside` are the new names of what was there before; `absent` are keys of missing files."""

    manifest: Manifest
    quieted: Quieted
    migrated: tuple[str, ...]
    files: int
    absent: tuple[str, ...]
    aside: tuple[Path, ...]


async def restore(places: Places, source: Path, *, replace: bool, tell: Tell, now: datetime | None = None) -> Restored:
    """Bring the backup at `source` to `places`.

    With `replace` what is there goes: on SQLite and in folders it is set aside, on a server it is dropped.

    Raises `BadInput` for a damaged or wrong backup and for a target that is not empty, `ConfigError` while a Parley
    runs there. Nothing is touched before every part of the backup was checked.
    """
    now = now or datetime.now(UTC)
    with archive.reading(source) as reader:
        _check_fits(reader.manifest, places)
        async with _target(places, replace=replace):
            archive.check(reader, tell)
            bring = _bring_sqlite if engine(places) == "sqlite" else _bring_server
            return await bring(reader, places, now, tell)


def _check_fits(manifest: Manifest, places: Places) -> None:
    rows, kind = manifest.rows, engine(places)
    if rows.engine != kind:
        raise BadInput(f"the backup is of {rows.engine} and database.url names {kind}: rows do not move between them")
    newest = max(migration.number for migration in available(kind))
    if rows.schema > newest:
        raise BadInput(
            f"the backup was made by Parley {manifest.version} with schema {rows.schema}; this one knows schemas up to "
            f"{newest}: restore with that version or a newer one"
        )
    if not manifest.files.copied and places.files_folder is not None and manifest.files.named:
        raise BadInput(
            f"the backup holds no files: they are in {manifest.files.place}. Name that store in [storage], or make a "
            "backup with --files"
        )


@asynccontextmanager
async def _target(places: Places, *, replace: bool) -> AsyncIterator[None]:
    """The target is empty or may go, and nobody uses it inside the block."""
    if engine(places) == "sqlite":
        path = sqlite_path(places.database_url)
        with sqlite.held(path):
            _refuse([path] if path.exists() else [], places, replace=replace)
            yield
        return
    server = _server(places)
    async with server.connected(places.database_url) as connection:
        await _check_alone(server, connection)
        full = [] if await server.is_empty(connection) else [Path("the database")]
        _refuse(full, places, replace=replace)
    yield


async def _check_alone(server: ModuleType, connection: object) -> None:
    """Raises `ConfigError` while anybody else is connected to this database."""
    patient_until = time.monotonic() + LEAVING
    while others := await server.others(connection):
        if time.monotonic() >= patient_until:
            raise ConfigError(f"{others} other connections use this database: stop every Parley first")
        await asyncio.sleep(0.1)


def _refuse(full: list[Path], places: Places, *, replace: bool) -> None:
    full += [folder for folder in _folders(places) if any(path.is_file() for path in folder.rglob("*"))]
    if full and not replace:
        raise BadInput(
            f"the target is not empty: {', '.join(map(str, full))}. With --replace the backup takes its place; "
            "docs/operations.md says what becomes of what is there"
        )


def _folders(places: Places) -> list[Path]:
    return [places.lake, *([places.files_folder] if places.files_folder else [])]


async def _bring_sqlite(reader: Reader, places: Places, now: datetime, tell: Tell) -> Restored:
    final, mark = sqlite_path(places.database_url), f"replaced-{now:%Y%m%dT%H%M%SZ}"
    draft = _draft(final)
    _unpack(reader, sqlite.ENTRY, draft)
    _check_rows(reader.manifest.rows, sqlite.read(draft, tell))
    tell("holding back what was not finished")
    quieted, migrated = await _settle(f"sqlite://{quote(str(draft))}", reader.manifest.made_at, now)
    count, absent, aside = await _bring_folders(reader, places, mark, tell)
    # Last: until here a start finds the old database, and from here on the quiet one.
    old = sqlite.set_aside(final, mark)
    draft.replace(final)
    archive.sync(final.parent)
    return Restored(reader.manifest, quieted, migrated, count, absent, (*aside, *([old] if old else [])))


def _draft(final: Path) -> Path:
    """Where the database is made ready; what a restore that was stopped has left there goes."""
    draft = final.with_name(f"{final.name}.restoring")
    for tail in ("", "-wal", "-shm"):
        Path(f"{draft}{tail}").unlink(missing_ok=True)
    return draft


def _server(places: Places) -> ModuleType:
    return mysql if engine(places) == "mysql" else postgres


async def _bring_server(reader: Reader, places: Places, now: datetime, tell: Tell) -> Restored:
    url, mark, server, rows = (
        places.database_url,
        f"replaced-{now:%Y%m%dT%H%M%SZ}",
        _server(places),
        reader.manifest.rows,
    )
    count, absent, aside = await _bring_folders(reader, places, mark, tell)
    with tempfile.TemporaryDirectory(prefix="parley-restore-") as room:
        dump = Path(room) / server.ENTRY
        _unpack(reader, server.ENTRY, dump)
        async with server.connected(url) as connection:
            if not await server.is_empty(connection):
                await server.clear(connection)
        tell("restoring rows")
        await server.load(url, dump, rows.migrations, tell)
    _check_rows(rows, await server.read(url, tell))
    tell("holding back what was not finished")
    quieted, migrated = await _settle(url, reader.manifest.made_at, now, rows)
    return Restored(reader.manifest, quieted, migrated, count, absent, aside)


def _unpack(reader: Reader, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb", opener=archive.private) as file:
        file.writelines(unpacked(reader, name))
    archive.sync(target)


def _check_rows(wanted: Rows, found: Rows) -> None:
    if wrong := differing(wanted.tables, found.tables):
        raise BadInput(f"after the restore these tables are not what they were: {', '.join(wrong)}")


async def _settle(
    url: str, made_at: datetime, now: datetime, stamps: Rows | None = None
) -> tuple[Quieted, tuple[str, ...]]:
    """Hold back, then bring the schema up to date. `stamps`: with the holding back the tables become a Parley's."""
    await open_database(url, lock=False)
    try:
        async with transaction() as connection:
            quieted = await quiet(made_at, now)
            if stamps is not None:
                await execute(connection, [(STAMP, [astuple(stamp) for stamp in stamps.migrations])])
        return quieted, tuple(await migrate())
    finally:
        await close_database()


async def _bring_folders(
    reader: Reader, places: Places, mark: str, tell: Tell
) -> tuple[int, tuple[str, ...], tuple[Path, ...]]:
    """Files, lake and the test bank; what was there has another name then."""
    aside = tuple(_set_aside(folder, mark) for folder in _folders(places) if folder.exists())
    count = await files.bring_back(reader, places.storage, tell)
    absent = () if reader.manifest.files.copied else tuple(await files.absent(reader.manifest, places.storage, tell))
    lake = sorted(name for name in reader.manifest.entries if name.startswith(LAKE))
    for number, name in enumerate(lake, start=1):
        tell(f"lake {number}/{len(lake)}")
        _unpack(reader, name, places.lake / name.removeprefix(LAKE))
    if BANK in reader.manifest.entries:
        old = sqlite.set_aside(places.bank, mark)
        aside += (old,) if old else ()
        _unpack(reader, BANK, places.bank)
    return count, absent, aside


def _set_aside(folder: Path, mark: str) -> Path:
    return folder.replace(folder.with_name(f"{folder.name}.{mark}"))
