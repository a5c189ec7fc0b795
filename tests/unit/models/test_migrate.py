"""Migrations: keep every row, match the models, and refuse what would lose or break something."""

from __future__ import annotations

import asyncio
import contextvars
import shutil
import time
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.transactions import in_transaction

from bot.core.errors import ConfigError
from models.database import client, close_database, migrate, open_database
from models.engines import engine
from models.engines.postgres import LOCK, UNLOCK
from models.migrate import FOLDER, available, pending, run
from tests.unit.models.rows import contents, fill, within
from tests.unit.models.schema import shape

PARENTS = 'CREATE TABLE "parent" ("id" INTEGER PRIMARY KEY, "name" VARCHAR(20) NOT NULL);'
CHILDREN = (
    'CREATE TABLE "child" ("id" INTEGER PRIMARY KEY, "parent_id" INT NOT NULL REFERENCES "parent" ("id") '
    'ON DELETE CASCADE, "word" VARCHAR(20) NOT NULL UNIQUE);\nCREATE INDEX "ix_child" ON "child" ("parent_id");'
)
REBUILD = """-- rebuild
CREATE TABLE "new" ("id" INTEGER PRIMARY KEY, "name" VARCHAR(40) NOT NULL DEFAULT 'none');
INSERT INTO "new" SELECT "id", "name" FROM "parent"{where};
DROP TABLE "parent";
ALTER TABLE "new" RENAME TO "parent";
"""


class Folder:
    """A folder of migrations of the test's own."""

    def __init__(self, path: Path, dialect: str) -> None:
        self.path, self._dialect = path, dialect
        (path / dialect).mkdir(parents=True)

    def write(self, name: str, sql: str) -> None:
        (self.path / self._dialect / f"{name}.sql").write_text(sql)

    async def run(self) -> list[str]:
        return await run(client(), self._dialect, self.path)


@pytest.fixture
def folder(bare: str, tmp_path: Path) -> Folder:
    return Folder(tmp_path / "own", bare)


@pytest.fixture
def sqlite_folder(bare_sqlite: str, tmp_path: Path) -> Folder:
    return Folder(tmp_path / "own", bare_sqlite)


async def rows(sql: str) -> list[tuple[object, ...]]:
    return [tuple(dict(row).values()) for row in await client().execute_query_dict(sql)]


async def applied() -> list[object]:
    return [row[0] for row in await rows("SELECT name FROM schema_version ORDER BY number")]


async def test_the_migrated_schema_is_the_models_schema(bare: str) -> None:
    await migrate()
    migrated = await shape()
    await client().execute_script(DROP[bare])
    await Tortoise.generate_schemas(safe=False)
    modelled = await shape()
    assert set(modelled) - set(migrated) == set()
    extra = set(migrated) - set(modelled) - {"schema_version", "schema_progress", "node_life"}
    assert all("_search" in name for name in extra), extra
    for table, wanted in modelled.items():
        found = migrated[table]
        assert found["columns"] == wanted["columns"], table
        assert found["uniques"] == wanted["uniques"], table
        assert found["keys"] == wanted["keys"], table
        assert wanted["indexes"].items() <= found["indexes"].items(), table


DROP = {
    "sqlite": """
        PRAGMA foreign_keys=OFF;
        DROP TABLE IF EXISTS "message_search";
        DROP TABLE IF EXISTS "contact_search";
        PRAGMA writable_schema=ON;
        DELETE FROM sqlite_master;
        PRAGMA writable_schema=OFF;
        VACUUM;
    """,
    "postgres": "DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
    "mysql": "SET @name = database(); EXECUTE IMMEDIATE concat('DROP DATABASE ', @name); "
    "EXECUTE IMMEDIATE concat('CREATE DATABASE ', @name, ' CHARACTER SET utf8mb4'); "
    "EXECUTE IMMEDIATE concat('USE ', @name)",
}


async def test_a_column_without_its_migration_is_noticed(bare_sqlite: str) -> None:
    await migrate()
    before = await shape()
    await client().execute_script('ALTER TABLE "setting" ADD COLUMN "forgotten" INT')
    assert (await shape())["setting"] != before["setting"]


async def test_from_every_released_schema_with_rows_in_every_table(bare: str, tmp_path: Path) -> None:
    released = Folder(tmp_path / "released", bare)
    first, *later = available(bare)
    shutil.copy(FOLDER / bare / f"{first.name}.sql", released.path / bare)
    assert await released.run() == [first.name]
    await fill()
    before = await contents()
    assert [table for table, kept in before.items() if len(kept) != 1] == []
    assert len(before) > 20
    for migration in later:
        shutil.copy(FOLDER / bare / f"{migration.name}.sql", released.path / bare)
        assert await released.run() == [migration.name]
        assert within(await contents(), before) == before
    assert await migrate() == []
    if bare == "sqlite":
        assert await rows("PRAGMA integrity_check") == [("ok",)]
        assert await rows("PRAGMA foreign_key_check") == []


async def test_all_engines_have_the_same_migrations() -> None:
    sqlite, postgres, mysql = (
        [migration.name for migration in available(dialect)] for dialect in ("sqlite", "postgres", "mysql")
    )
    assert sqlite == postgres
    numbers = [migration.number for migration in available("sqlite")]
    assert numbers == sorted(set(numbers))  # one that was given away and not needed leaves a gap
    assert mysql == ["0007_initial", *sqlite[7:]]  # it came when there were seven


async def test_a_second_run_changes_nothing(bare: str) -> None:
    first = await migrate()
    assert first == [migration.name for migration in available(bare)]
    assert await migrate() == []
    assert await applied() == first


async def test_what_rewrites_rows_while_others_write_bears_being_run_again(bare_postgres: str) -> None:
    await migrate()
    await fill()
    await client().execute_query("UPDATE contact SET updated_at = updated_at + INTERVAL '1 hour'")
    before = await contents()
    files = [one for one in available(bare_postgres) if one.number > 23]  # those before lock for a moment, or are small
    assert [one.name for one in files if "\nUPDATE" in one.sql and not one.is_online] == []
    online = [one for one in files if one.is_online]
    for one in online:
        await client().execute_query(f"DELETE FROM schema_version WHERE number = {one.number}")
    assert await migrate() == [one.name for one in online]
    assert {**await contents(), "schema_version": None} == {**before, "schema_version": None}


async def test_a_file_that_changed_after_its_release_is_refused(folder: Folder, bare: str) -> None:
    folder.write("0001_parent", PARENTS)
    await folder.run()
    folder.write("0001_parent", PARENTS.replace("20", "21"))
    folder.write("0002_child", CHILDREN)
    with pytest.raises(ConfigError, match="0001_parent was changed after it was applied; restore the released file"):
        await folder.run()
    assert await applied() == ["0001_parent"]


async def test_a_database_of_a_newer_parley_is_refused(folder: Folder, bare: str) -> None:
    folder.write("0001_parent", PARENTS)
    folder.write("0002_child", CHILDREN)
    await folder.run()
    (folder.path / bare / "0002_child.sql").unlink()
    with pytest.raises(ConfigError, match=r"made by a newer Parley \(0002_child\)"):
        await pending(client(), bare, folder.path)


@pytest.fixture(params=["bare_sqlite", "bare_postgres"])
def undoing(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    """Where DDL is part of a transaction; for MariaDB see test_mysql_migrations.py."""
    return Folder(tmp_path / "own", request.getfixturevalue(request.param))


async def test_a_migration_that_fails_leaves_nothing_and_can_be_run_again(undoing: Folder) -> None:
    folder = undoing
    folder.write("0001_parent", PARENTS)
    folder.write("0002_child", CHILDREN + "\nINSERT INTO nowhere VALUES (1);")
    with pytest.raises(OperationalError, match="nowhere"):
        await folder.run()
    assert await applied() == ["0001_parent"]
    assert "child" not in await shape()
    folder.write("0002_child", CHILDREN)
    assert await folder.run() == ["0002_child"]


@pytest.fixture(params=["bare_postgres", "bare_mariadb"], ids=["postgres", "mariadb"])
def shared(request: pytest.FixtureRequest) -> str:
    """A database that others use: its dialect."""
    dialect: str = request.getfixturevalue(request.param)
    return dialect


@pytest.mark.parametrize("mark", ["", "-- online\n"], ids=["at once", "online"])
async def test_who_uses_a_table_does_not_wait_behind_its_migration(
    shared: str, mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that has read the table is in the way of a change, and whoever comes then is behind that."""
    monkeypatch.setattr(engine, "PAUSE", 0.3)
    folder, took = Folder(tmp_path / "own", shared), list[float]()
    folder.write("0001_parent", PARENTS.replace('"', ""))
    await folder.run()
    folder.write("0002_more", f"{mark}ALTER TABLE parent ADD COLUMN mood VARCHAR(9) NOT NULL DEFAULT '';")
    async with in_transaction(shared) as slow:
        await slow.execute_query("SELECT * FROM parent")
        migrating = asyncio.create_task(folder.run(), context=contextvars.Context())
        for number in range(2):
            await asyncio.sleep(0.6)
            began = time.monotonic()
            await asyncio.create_task(_adds(number), context=contextvars.Context())
            took.append(time.monotonic() - began)
        assert not migrating.done()
    assert await migrating == ["0002_more"]
    assert max(took) < engine.AT_ONCE + 1.5
    assert await rows("SELECT count(*) AS n FROM parent WHERE mood = ''") == [(2,)]


async def _adds(number: int) -> None:
    await client().execute_query(f"INSERT INTO parent (id, name) VALUES ({number}, 'ann')")


async def with_family(folder: Folder) -> None:
    """Two parents, three children."""
    folder.write("0001_parent", PARENTS)
    folder.write("0002_child", CHILDREN)
    await folder.run()
    await client().execute_script(
        "INSERT INTO parent VALUES (1, 'ann'), (2, 'bob');"
        "INSERT INTO child VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c');"
    )


async def test_a_rebuilt_table_keeps_its_rows_and_those_that_point_at_it(sqlite_folder: Folder) -> None:
    await with_family(sqlite_folder)
    before = (await shape())["child"]
    sqlite_folder.write("0003_wider", REBUILD.format(where=""))
    assert await sqlite_folder.run() == ["0003_wider"]
    assert await rows("SELECT * FROM parent ORDER BY id") == [(1, "ann"), (2, "bob")]
    assert await rows("SELECT * FROM child ORDER BY id") == [(1, 1, "a"), (2, 1, "b"), (3, 2, "c")]
    assert (await shape())["child"] == before
    assert (await shape())["parent"]["columns"]["name"] == ("VARCHAR(40)", True, False)
    with pytest.raises(IntegrityError):  # the keys are watched again
        await client().execute_query("INSERT INTO child VALUES (4, 99, 'd')")
    with pytest.raises(IntegrityError):
        await client().execute_query("INSERT INTO child VALUES (4, 1, 'a')")


async def test_a_rebuild_that_leaves_rows_pointing_at_nothing_is_undone(sqlite_folder: Folder) -> None:
    await with_family(sqlite_folder)
    sqlite_folder.write("0003_loses", REBUILD.format(where=" WHERE id = 1"))
    with pytest.raises(ConfigError, match="0003_loses would leave 1 rows that point at nothing"):
        await sqlite_folder.run()
    assert await rows("SELECT COUNT(*) FROM parent") == [(2,)]
    assert await applied() == ["0001_parent", "0002_child"]
    assert await rows("PRAGMA foreign_keys") == [(1,)]


async def test_without_the_mark_a_rebuild_would_have_emptied_the_children(sqlite_folder: Folder) -> None:
    await with_family(sqlite_folder)
    sqlite_folder.write("0003_unmarked", REBUILD.format(where="").replace("-- rebuild", "-- not marked"))
    await sqlite_folder.run()
    assert await rows("SELECT COUNT(*) FROM child") == [(0,)]  # DROP TABLE cascades: this is why the mark exists


async def test_two_nodes_that_start_at_once_migrate_one_after_the_other(bare_postgres: str) -> None:
    pool = client()
    async with in_transaction(bare_postgres) as third:
        await third.execute_query(LOCK)
        nodes = [asyncio.create_task(run(pool, bare_postgres), context=contextvars.Context()) for _ in range(2)]
        await asyncio.sleep(1)  # without the lock they would be ready by then
        assert not any(node.done() for node in nodes)
        assert await third.execute_query_dict(TABLES) == []
        await third.execute_query(UNLOCK)
    assert sorted(await asyncio.gather(*nodes)) == [[], [one.name for one in available(bare_postgres)]]
    assert await applied() == [one.name for one in available(bare_postgres)]


async def test_a_pool_of_one_connection_is_enough(postgres_url: str) -> None:
    await open_database(f"{postgres_url}?maxsize=1")
    try:
        async with asyncio.timeout(20):
            assert await migrate() == [one.name for one in available("postgres")]
            assert await migrate() == []
    finally:
        await close_database()


TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
