"""SQLite: a consistent copy while another process writes, and a file that is put in its place in one step."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from bot.backup.digest import BATCH, RowSum
from bot.backup.files import NAMED, named
from bot.backup.manifest import NamedFile, Rows, Stamp, TableDigest
from bot.backup.telling import Tell, share
from bot.core.errors import BadInput, ConfigError

ENTRY = "database.sqlite"
#: Pages of one step of the copy; between steps the progress is told.
PAGES = 4_000


def snapshot(source: Path, target: Path, tell: Tell) -> datetime:
    """Copy the database as it is at one moment, which is returned; the process that serves it writes on meanwhile.

    The copy is one file without a log beside it, and sound, or this raises `BadInput`.
    """
    with closing(_read_only(source)) as live, closing(sqlite3.connect(target, isolation_level=None)) as copy:
        # A transaction of ours over all steps: else every commit of the server would begin the copy anew.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        made_at = datetime.now(UTC)
        live.backup(copy, pages=PAGES, progress=lambda _, left, total: tell(share("copying", total - left, total)))
        live.execute("COMMIT")
        copy.execute("PRAGMA journal_mode=DELETE")
        check(copy)
    return made_at


def check(connection: sqlite3.Connection) -> None:
    """Raises `BadInput` when pages or indexes contradict each other."""
    [first, *_] = connection.execute("PRAGMA quick_check").fetchall()
    if first[0] != "ok":
        raise BadInput(f"the database is damaged: {first[0]}; restore an older backup of it")


def read(path: Path, tell: Tell) -> Rows:
    """Which schema the database at `path` has, and the digest of each of its tables."""
    with closing(_read_only(path)) as connection:
        digests, names = {}, _tables(connection)
        for number, name in enumerate(names):
            tell(share("reading rows", number, len(names)))
            digests[name] = _digest(connection, name)
        return Rows("sqlite", ENTRY, _stamps(connection), digests)


def named_files(path: Path) -> list[NamedFile]:
    """Every file that the database names."""
    with closing(_read_only(path)) as connection:
        return list(named(connection.execute(NAMED).fetchall()))


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)
    connection.execute("PRAGMA query_only=1")
    return connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Tables with rows of ours; those of the search index belong to it, and follow from the rows."""
    listed = connection.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
    return sorted(name for (name,) in listed if not name.startswith("sqlite_") and name != "schema_version")


def _digest(connection: sqlite3.Connection, table: str) -> TableDigest:
    total, cursor = RowSum(), connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the schema
    while rows := cursor.fetchmany(BATCH):
        total.add(rows)
    return total.digest()


def _stamps(connection: sqlite3.Connection) -> list[Stamp]:
    rows = connection.execute("SELECT number, name, checksum, applied_at FROM schema_version ORDER BY number")
    return [Stamp(*row) for row in rows]


@contextmanager
def held(path: Path) -> Iterator[None]:
    """No Parley serves this database inside the block. Raises `ConfigError` when one does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigError(f"a Parley is using {path}: stop it first") from error
    finally:
        os.close(handle)


def set_aside(path: Path, mark: str) -> Path | None:
    """Give the database and its log another name; returns it, or None when there is no database."""
    aside = path.with_name(f"{path.name}.{mark}")
    for tail in ("-wal", "-shm", ""):  # the log first: a file without its log would look whole
        if (old := Path(f"{path}{tail}")).exists():
            old.replace(f"{aside}{tail}")
    return aside if aside.exists() else None
