"""MariaDB: all rows of one moment as frames of one file, and back into tables that its own migrations make.

`mariadb-dump` reads in a session of its own, so what it writes and what is hashed would be of two moments. Here both
are of one reading, and no client program need be there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import asyncmy
import msgspec
from asyncmy.cursors import SSCursor
from asyncmy.errors import Error

from bot.backup.digest import RowSum
from bot.backup.files import NAMED, named
from bot.backup.manifest import NamedFile, Rows, Stamp, TableDigest
from bot.backup.telling import Tell, share
from bot.core.errors import BadInput, DatabaseBusy
from models.database import client, close_database, execute, open_database, transaction
from models.engines.mysql import lone
from models.migrate import FOLDER, available, run

ENTRY = "database.rows"
#: Rows of one frame, of which one is in memory.
FRAME = 500
_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = database() AND table_type = 'BASE TABLE'"
)
#: Not rows of ours: what is applied goes into the manifest, and what nodes hold follows from their rows.
_LEFT_OUT = frozenset({"schema_version", "schema_progress", "node_life"})
_STAMPS = "SELECT number, name, checksum, applied_at FROM schema_version ORDER BY number"
_OTHERS = (
    "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id() "
    "AND command <> 'Killed'"
)


class Frame(msgspec.Struct, array_like=True):
    """Some rows of a table, their values in the order of the columns."""

    table: str
    columns: list[str]
    rows: list[list[Any]]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection of our own. Raises `DatabaseBusy` when there is no server."""
    try:
        connection = await asyncmy.connect(**lone(url))
    except (Error, OSError) as error:
        raise DatabaseBusy(f"the database {urlsplit(url).hostname} cannot be opened: {error}") from error
    try:
        yield connection
    finally:
        await connection.ensure_closed()


async def snapshot(url: str, target: Path, tell: Tell) -> tuple[datetime, Rows, list[NamedFile]]:
    """Write the rows as they are at one moment, with their digests and the files that they name."""
    async with connected(url) as connection:
        await _at_one_moment(connection)
        made_at = datetime.now(UTC)
        with target.open("wb") as file:
            rows = await _read(connection, tell, file)
        return made_at, rows, list(named(await _fetch(connection, NAMED)))


async def read(url: str, tell: Tell) -> Rows:
    """The schema, and the digest of each table."""
    async with connected(url) as connection:
        await _at_one_moment(connection)
        return await _read(connection, tell, None)


async def _at_one_moment(connection: Any) -> None:
    await _fetch(connection, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    await _fetch(connection, "START TRANSACTION WITH CONSISTENT SNAPSHOT")


async def _fetch(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    async with connection.cursor() as cursor:
        await cursor.execute(sql)
        return list(await cursor.fetchall() or ())


async def _names(connection: Any) -> list[str]:
    return sorted(name for (name,) in await _fetch(connection, _TABLES))


async def _read(connection: Any, tell: Tell, file: BinaryIO | None) -> Rows:
    digests, names = {}, [name for name in await _names(connection) if name not in _LEFT_OUT]
    for number, name in enumerate(names):
        tell(share("reading rows", number, len(names)))
        digests[name] = await _read_table(connection, name, file)
    return Rows("mysql", ENTRY, [Stamp(*row) for row in await _fetch(connection, _STAMPS)], digests)


async def _read_table(connection: Any, table: str, file: BinaryIO | None) -> TableDigest:
    total = RowSum()
    async with connection.cursor(SSCursor) as cursor:
        await cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the catalogue
        columns = [column[0] for column in cursor.description]
        while rows := await cursor.fetchmany(FRAME):
            total.add(rows)
            if file is not None:
                _write(file, Frame(table, columns, [list(row) for row in rows]))
    return total.digest()


def _write(file: BinaryIO, frame: Frame) -> None:
    packed = msgspec.msgpack.encode(frame)
    file.write(len(packed).to_bytes(4))
    file.write(packed)


def _frames(path: Path) -> Iterator[Frame]:
    decoder = msgspec.msgpack.Decoder(Frame)
    with path.open("rb") as file:
        while head := file.read(4):
            yield decoder.decode(file.read(int.from_bytes(head)))


async def others(connection: Any) -> int:
    """How many other connections use this database."""
    [(count,)] = await _fetch(connection, _OTHERS)
    return int(count)


async def is_empty(connection: Any) -> bool:
    """Whether there are no tables yet."""
    return not await _names(connection)


async def clear(connection: Any) -> None:
    """Drop every table."""
    await _fetch(connection, "SET foreign_key_checks = 0")
    for name in await _names(connection):
        await _fetch(connection, f'DROP TABLE "{name}"')
    await _fetch(connection, "SET foreign_key_checks = 1")


async def load(url: str, dump: Path, stamps: list[Stamp], tell: Tell) -> None:
    """The tables as they were then, and all rows, or none; until the stamps are written no Parley starts on it."""
    await open_database(url, lock=False)
    try:
        await _make_tables(stamps)
        async with transaction() as connection:
            await connection.execute_query("SET foreign_key_checks = 0")  # rows come table by table
            for number, frame in enumerate(_frames(dump)):
                tell(f"rows {number * FRAME}")
                await execute(connection, [(_insert(frame), frame.rows)])
            await connection.execute_query("SET foreign_key_checks = 1")
    finally:
        await close_database()


async def _make_tables(stamps: list[Stamp]) -> None:
    wanted = {stamp.number: stamp for stamp in stamps}
    with tempfile.TemporaryDirectory(prefix="parley-schema-") as room:
        folder = Path(room) / "mysql"
        folder.mkdir()
        for migration in available("mysql"):
            if stamp := wanted.get(migration.number):
                if stamp.checksum != migration.checksum:
                    raise BadInput(f"the backup's migration {stamp.name} is not the one of this Parley")
                shutil.copy(FOLDER / "mysql" / f"{migration.name}.sql", folder)
        await run(client(), "mysql", Path(room))
    await client().execute_query("DELETE FROM schema_version")


def _insert(frame: Frame) -> str:
    names = ", ".join(f'"{name}"' for name in frame.columns)
    marks = ",".join("?" * len(frame.columns))
    return f'INSERT INTO "{frame.table}" ({names}) VALUES ({marks})'  # noqa: S608 - names from the catalogue
