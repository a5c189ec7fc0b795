"""PostgreSQL: `pg_dump` and the hashes of one and the same moment, and `pg_restore` into an empty database."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from bot.backup.digest import BATCH, RowSum
from bot.backup.files import NAMED, named
from bot.backup.manifest import NamedFile, Rows, Stamp, TableDigest
from bot.backup.telling import Tell, share
from bot.core.errors import BadInput, ConfigError, DatabaseBusy

ENTRY = "database.dump"
LOOK_SECONDS = 0.5
#: What tells a Parley that its tables are there: not in the dump, so that nothing serves a half-restored database.
STAMPS = "schema_version"
#: Follow from the rows, and are made anew beside the way: without them a backup is smaller and sooner back.
DERIVED = "*_search*"
TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version' "
    "AND tablename NOT LIKE '%\\_search%' ORDER BY 1"
)
OTHERS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
#: Words in which `pg_dump` and `pg_restore` say that they are older than what they are asked to read.
TOO_OLD = ("version mismatch", "unsupported version", "unrecognized configuration parameter")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    """A connection of our own. Raises `DatabaseBusy` when there is no server."""
    try:
        connection = await asyncpg.connect(re.sub("^[a-z]+", "postgres", url, count=1))
    except (OSError, asyncpg.PostgresError) as error:
        raise DatabaseBusy(f"the database {urlsplit(url).hostname} cannot be opened: {error}") from error
    try:
        yield connection
    finally:
        await connection.close()


async def snapshot(url: str, target: Path, tell: Tell) -> tuple[datetime, Rows, list[NamedFile]]:
    """Dump the database as it is at one moment, with its digests and the files that it names at that same moment."""
    async with connected(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        name, made_at = await connection.fetchval("SELECT pg_export_snapshot()"), datetime.now(UTC)
        words = ["--format=custom", "--compress=1", "--no-owner", "--no-privileges"]
        words += [f"--exclude-table-data={tables}" for tables in (STAMPS, DERIVED)]
        dump = _Program("pg_dump", url)
        await dump.run([*words, f"--snapshot={name}", f"--file={target}"], tell, target)
        rows = await _read(connection, tell)
        return made_at, rows, await named_files(connection)


async def read(url: str, tell: Tell) -> Rows:
    """The schema, and the digest of each table."""
    async with connected(url) as connection, connection.transaction(readonly=True):
        return await _read(connection, tell)


async def _read(connection: Any, tell: Tell) -> Rows:
    digests, names = {}, [row[0] for row in await connection.fetch(TABLES)]
    for number, name in enumerate(names):
        tell(share("reading rows", number, len(names)))
        digests[name] = await _digest(connection, name)
    stamps = await connection.fetch("SELECT number, name, checksum, applied_at FROM schema_version ORDER BY number")
    return Rows("postgres", ENTRY, [Stamp(*row) for row in stamps], digests)


async def _digest(connection: Any, table: str) -> TableDigest:
    total = RowSum()
    cursor = await connection.cursor(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the catalogue
    while rows := await cursor.fetch(BATCH):
        total.add(rows)
    return total.digest()


async def named_files(connection: Any) -> list[NamedFile]:
    """Every file that the database names."""
    return list(named(await connection.fetch(NAMED)))


async def others(connection: Any) -> int:
    """How many other connections use this database."""
    return int(await connection.fetchval(OTHERS))


async def is_empty(connection: Any) -> bool:
    """Whether there are no tables yet."""
    return not await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")


async def clear(connection: Any) -> None:
    """Drop everything that is in the database's schema."""
    await connection.execute("DROP SCHEMA public CASCADE")
    await connection.execute("CREATE SCHEMA public")


async def load(url: str, dump: Path, stamps: Sequence[Stamp], tell: Tell) -> None:  # noqa: ARG001 - the dump has them
    """All tables and rows, or none; without the stamps, and until they are written no Parley starts on it."""
    program = _Program("pg_restore", url)
    # The schema is there, and belongs to somebody else than on the machine of the backup.
    listing = await program.output(["--list", str(dump)])
    lines = [line for line in listing.splitlines() if not re.search(r" (SCHEMA|COMMENT) - ", line)]
    contents = dump.with_name(f"{dump.name}.list")
    contents.write_text("\n".join(lines), "utf-8")
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", f"--use-list={contents}"]
    await program.run([*words, f"--dbname={program.database}", str(dump)], tell)


class _Program:
    """A client program of PostgreSQL. The password goes through its environment: arguments are everybody's to see."""

    def __init__(self, name: str, url: str) -> None:
        parts = urlsplit(url)
        self.name = name
        self.database = unquote(parts.path.lstrip("/"))
        told = {
            "PGHOST": parts.hostname or "",
            "PGPORT": str(parts.port or ""),
            "PGUSER": unquote(parts.username or ""),
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": self.database,
            "PGSSLMODE": parse_qs(parts.query).get("sslmode", [""])[0],
            "LC_ALL": "C",  # its words are read below
        }
        self._environment = os.environ | {key: value for key, value in told.items() if value}

    async def run(self, words: Sequence[str], tell: Tell, grows: Path | None = None) -> None:
        """To its end; `grows` is the file whose size tells how far it is. Raises `ConfigError`, `BadInput`."""
        process = await self._start(words)
        ended = asyncio.create_task(process.communicate())
        try:
            while not (await asyncio.wait([ended], timeout=LOOK_SECONDS))[0]:
                tell(f"{self.name} {_megabytes(grows)}")
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
            _, errors = await ended
        self._check(process, errors)

    async def output(self, words: Sequence[str]) -> str:
        """What it prints."""
        process = await self._start(words)
        out, errors = await process.communicate()
        self._check(process, errors)
        return out.decode()

    async def _start(self, words: Sequence[str]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                self.name, *words, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
        except FileNotFoundError as error:
            raise ConfigError(
                f"{self.name} is not in the PATH: install the client programs of PostgreSQL, of the server's version "
                "or newer (on Debian and Ubuntu: postgresql-client)"
            ) from error

    def _check(self, process: asyncio.subprocess.Process, errors: bytes) -> None:
        if not process.returncode:
            return
        said = errors.decode("utf-8", "replace").strip()
        if any(words in said for words in TOO_OLD):
            raise ConfigError(
                f"this {self.name} is older than the server: install the client programs of the server's version and "
                f"put them first into the PATH. It says: {said[-300:]}"
            )
        raise BadInput(f"{self.name} failed: {said[-500:]}")


def _megabytes(path: Path | None) -> str:
    return f"{path.stat().st_size // 2**20} MB" if path is not None and path.exists() else ""
