"""The database: one process on a SQLite file, a writer that takes its lock first, errors that say later or never."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

from bot.core.errors import ConfigError, DatabaseBusy
from models import Setting
from models.database import (
    as_time,
    client,
    close_database,
    commit,
    execute,
    fetch,
    finish,
    migrate,
    open_database,
    transaction,
)
from models.engines.postgres import numbered
from models.engines.sqlite import sqlite_path
from tests.servers import MariaDb, Postgres

INSERT = "INSERT INTO setting (name, value) VALUES (?, ?)"
HOLD = """
import asyncio
import os, sys
from models.database import open_database
asyncio.run(open_database(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""


async def hold(began: asyncio.Event) -> None:
    async with transaction() as connection:
        await execute(connection, [(INSERT, [("held", "")])])
        began.set()
        await asyncio.Event().wait()


async def names() -> list[str]:
    return [str(row["name"]) for row in await fetch("SELECT name FROM setting ORDER BY name")]


async def test_a_second_process_on_one_file_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path / 'parley.db'}"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "open\n"
    with pytest.raises(ConfigError, match=r"another Parley is using .*parley\.db: SQLite serves one process"):
        await open_database(url)
    await open_database(url, lock=False)  # `python -m bot check` only looks
    await close_database()
    other.kill()
    other.communicate()
    await open_database(url)
    await close_database()


@pytest.mark.parametrize("url", ["oracle://host/x", "parley.db"])
async def test_an_unknown_database_says_what_is_known(url: str) -> None:
    with pytest.raises(ConfigError, match=r"use sqlite://path, postgres://… or mysql://"):
        await open_database(url)


async def test_a_server_that_is_away_is_busy_not_broken(tmp_path: Path) -> None:
    with pytest.raises(DatabaseBusy, match="cannot be opened"):
        await open_database("postgres://nobody@127.0.0.1:1/parley")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(DatabaseBusy, match="cannot be opened"):
        await open_database(f"sqlite://{tmp_path / 'folder.db'}")


async def test_sqlite_is_opened_for_durability(bare_sqlite: str) -> None:
    async def pragma(name: str) -> object:
        [row] = await fetch(f"PRAGMA {name}")
        return next(iter(row.values()))

    assert (await pragma("journal_mode"), await pragma("foreign_keys")) == ("wal", 1)


async def test_the_default_is_a_sync_at_every_commit(tmp_path: Path) -> None:
    await open_database(f"sqlite://{tmp_path / 'full.db'}")
    [row] = await fetch("PRAGMA synchronous")
    assert row == {"synchronous": 2}
    await close_database()


async def test_a_file_that_is_no_database_leaves_nothing_running(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"tea" * 9000)
    before = {*threading.enumerate()}
    for _ in range(2):  # nor a lock
        with pytest.raises(
            ConfigError, match=r"shop\.db is no SQLite database, or it is damaged \(file is not a database\)"
        ):
            await open_database(f"sqlite://{tmp_path / 'shop.db'}")
    for thread in {*threading.enumerate()} - before:
        thread.join(5.0)  # it has been told to end
        assert not thread.is_alive()


async def test_a_postgresql_that_may_lose_what_it_confirmed_is_told_of(
    postgres_server: Postgres, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = postgres_url.rpartition("/")[2]
    for value, told in (("off", True), ("on", False)):
        await postgres_server.execute(f"ALTER DATABASE {name} SET synchronous_commit = {value}")
        caplog.clear()
        await open_database(postgres_url)
        await close_database()
        assert ("synchronous_commit is off: a power cut loses what was acknowledged" in caplog.text) is told
    assert "fsync is off: a power cut may leave a database that cannot be read" in caplog.text  # the tests' server


async def test_a_new_folder_has_its_name_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(Path(f"/proc/self/fd/{handle}").readlink()))
    for _ in range(2):
        await open_database(f"sqlite://{tmp_path / 'var' / 'lib' / 'shop.db'}")
        await close_database()
    assert synced == [tmp_path / "var", tmp_path], "once: afterwards the folders are there"


async def test_a_transaction_is_whole_and_one_inside_is_a_savepoint(bare: str) -> None:
    await migrate()

    async def fails(name: str) -> None:
        async with transaction() as connection:
            await execute(connection, [(INSERT, [(name, "")])])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails("lost")
    async with transaction() as connection:
        await execute(connection, [(INSERT, [("a", ""), ("b", "")])])
        with pytest.raises(RuntimeError):
            await fails("inner")
        await Setting.create(name="c", value="")
    assert await names() == ["a", "b", "c"]


async def test_finishing_commits_and_committing_is_whole(bare: str) -> None:
    await migrate()
    async with transaction() as connection:
        await finish(connection, [(INSERT, [("a", "")])])
    found = await commit([(INSERT + " RETURNING name", ("b", ""))], [(INSERT, [("c", "")])])
    assert found == [[{"name": "b"}]]
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await commit([(INSERT + " RETURNING name", ("d", ""))], [(INSERT, [("a", "")])])
    assert await names() == ["a", "b", "c"]


async def test_a_locked_database_is_busy_for_every_way_to_write(tmp_path: Path) -> None:
    path = tmp_path / "locked.db"
    await open_database(f"sqlite://{path}?busy_timeout=1")
    await migrate()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match=r"locked \(SQLITE_BUSY\)"):
        async with transaction():
            pytest.fail("the lock is taken at the start")
    with pytest.raises(DatabaseBusy, match=r"locked \(SQLITE_BUSY\)"):
        await commit([], [(INSERT, [("a", "")])])
    other.execute("ROLLBACK")
    await commit([], [(INSERT, [("a", "")])])
    assert await names() == ["a"]
    other.close()
    await close_database()


async def test_a_full_disk_is_busy_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    await open_database(f"sqlite://{tmp_path / 'full.db'}")
    await migrate()
    [pages] = await fetch("PRAGMA page_count")
    await fetch(f"PRAGMA max_page_count = {pages['page_count'] + 2}")
    big = "x" * 100_000
    with pytest.raises(DatabaseBusy, match=r"full \(SQLITE_FULL\)"):
        async with transaction() as connection:
            await execute(connection, [(INSERT, [("small", "")]), (INSERT, [("big", big)])])
    with pytest.raises(DatabaseBusy, match=r"full \(SQLITE_FULL\)"):
        async with transaction() as connection:
            await finish(connection, [(INSERT, [("small", "")]), (INSERT, [("big", big)])])
    with pytest.raises(DatabaseBusy, match=r"full \(SQLITE_FULL\)"):
        await commit([], [(INSERT, [("small", "")]), (INSERT, [("big", big)])])
    assert await names() == []
    await commit([], [(INSERT, [("small", "")])])
    assert await names() == ["small"]
    await close_database()


async def test_a_wrong_statement_is_an_error_of_ours_not_a_busy_database(bare: str) -> None:
    with pytest.raises(OperationalError, match="nowhere"):
        async with transaction() as connection:
            await execute(connection, [("INSERT INTO nowhere VALUES (?)", [(1,)])])


@pytest.mark.parametrize("kind", [Postgres, MariaDb], ids=["postgres", "mariadb"])
@pytest.mark.usefixtures("mariadb_server")  # is skipped where there is none
async def test_a_server_that_goes_away_is_busy_and_serves_again_when_it_is_back(
    kind: type[Postgres | MariaDb], tmp_path: Path
) -> None:
    server = kind(tmp_path)
    server.start()
    await open_database(await server.create_database())
    await migrate()
    began = asyncio.Event()
    cut_off = asyncio.create_task(hold(began))
    await began.wait()
    server.stop()
    cut_off.cancel()
    with pytest.raises(asyncio.CancelledError):  # not `DatabaseBusy`, after which somebody would go on who was to end
        await cut_off
    for _ in range(12):  # more often than the pool has connections
        with pytest.raises(DatabaseBusy):
            await commit([], [(INSERT, [("a", "")])])
    server.start()
    for name in ("a", "b"):
        await commit([], [(INSERT, [(name, "")])])
    assert await names() == ["a", "b"]
    await close_database()
    server.stop()


async def test_a_time_limit_that_runs_out_at_the_database_is_no_cancellation(bare: str) -> None:
    """Who is told that they are cancelled ends; a driver's own limit is a database that does not answer."""
    with pytest.raises(DatabaseBusy):
        async with transaction(), asyncio.timeout(0.01):
            await asyncio.sleep(30)
    with pytest.raises(TimeoutError):  # a limit around it is its owner's
        async with asyncio.timeout(0.01), transaction():
            await asyncio.sleep(30)
    await commit([], [])


async def test_times_come_back_as_they_went(bare: str) -> None:
    kind = {"sqlite": "", "postgres": "TIMESTAMPTZ", "mysql": "DATETIME(6)"}[bare]
    await client().execute_script(f"CREATE TABLE times (at {kind})")
    for moment in (datetime(2026, 11, 22, 9, tzinfo=UTC), datetime(2026, 11, 22, 9, 0, 0, 5, tzinfo=UTC)):
        await commit([], [("DELETE FROM times", [()]), ("INSERT INTO times VALUES (?)", [(moment,)])])
        [row] = await fetch("SELECT at FROM times")
        assert as_time(row["at"]) == moment


def test_addresses_and_marks() -> None:
    assert str(sqlite_path("sqlite://data/parley.db?mode=x")) == "data/parley.db"
    assert str(sqlite_path("sqlite:///var/my%20shop.db")) == "/var/my shop.db"
    assert numbered("a = ? AND b IN (?,?)") == "a = $1 AND b IN ($2,$3)"
