"""`backup` and `restore` as an operator meets them: what they say, what they refuse, and what they leave behind."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from analytics import manifest
from bot.__main__ import main
from bot.backup.quiet import Quieted
from tests.servers import MariaDb, ObjectStore, Postgres


@dataclass(frozen=True)
class Home:
    """A folder in which commands are run, in this process."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def at(self, name: str) -> Home:
        """Another installation."""
        (self.folder / name).mkdir()
        return Home(self.folder / name, self.monkeypatch, self.capsys)

    def bot(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, what it prints, what it complains of."""
        self.monkeypatch.chdir(self.folder)
        self.capsys.readouterr()
        code = main(arguments)
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err

    def done(self, *arguments: str) -> str:
        """What a command prints that must end well."""
        code, out, err = self.bot(*arguments)
        assert code == 0, err
        return out

    def refused(self, *arguments: str) -> str:
        """The last line of a command that must end with 1, without a traceback."""
        code, _, err = self.bot(*arguments)
        assert code == 1
        assert "Traceback" not in err
        return err.strip().splitlines()[-1]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "parley.db"

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute(sql)
            connection.commit()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Home]:
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield Home(tmp_path, monkeypatch, capsys)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def shop(home: Home) -> Home:
    """A shop with a customer, who has sent a file, and with a lake."""
    shop = home.at("shop")
    shop.monkeypatch.setattr("sys.stdin", io.StringIO(":file note.txt\nhello\n"))
    (shop.folder / "note.txt").write_text("the bytes of a file")
    shop.done("chat", "--here", "--as", "telegram")
    lake = shop.folder / "data" / "lake"
    (lake / "empty").mkdir(parents=True)
    (lake / "orders").mkdir()
    (lake / "orders" / "a.parquet").write_bytes(b"rows")
    (lake / "orders" / "swept.parquet").write_bytes(b"old rows")
    (lake / "empty" / "orders.parquet").write_bytes(b"no rows")
    block = manifest.Block("orders/a.parquet", 1)
    manifest.publish(lake, manifest.Manifest({"orders": manifest.Part({0: block}, 1)}))
    with closing(sqlite3.connect(shop.folder / "data" / "test-bank.db")) as bank:
        bank.executescript("CREATE TABLE book (sum INTEGER); INSERT INTO book VALUES (68)")
    return shop


def parts(path: Path) -> dict[str, bytes]:
    """The parts of a backup, of either shape, without its manifest."""
    if path.is_dir():
        found = {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    else:
        with zipfile.ZipFile(path) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
    assert found.pop("manifest.json")
    return found


@pytest.mark.parametrize("name", ["backup.zip", "backup"])
def test_everything_comes_back_from_a_file_and_from_a_folder(home: Home, shop: Home, name: str) -> None:
    told = shop.done("backup", f"../{name}")
    assert "1 files" in told
    assert "config.toml is not in it" in told
    target = home.folder / name
    assert target.stat().st_mode & 0o077 == 0, "it holds everybody's data"
    held = parts(target)
    assert {"lake/manifest.json", "lake/orders/a.parquet", "lake/empty/orders.parquet"} < set(held)
    assert "lake/orders/swept.parquet" not in held
    assert [path.name for path in home.folder.iterdir() if ".part" in path.name or path.name.startswith(".")] == []
    other = home.at("other")
    assert "are the same by their hashes; 1 files are back." in other.done("restore", f"../{name}")
    for sql in ("SELECT * FROM message", "SELECT * FROM contact", "SELECT * FROM setting", "SELECT * FROM dialog"):
        assert other.rows(sql) == shop.rows(sql)
    [stored] = [path for path in (other.folder / "data" / "files").rglob("*") if path.is_file()]
    assert stored.read_text() == "the bytes of a file"
    assert (other.folder / "data" / "lake" / "orders" / "a.parquet").read_bytes() == b"rows"
    assert manifest.read(other.folder / "data" / "lake") == manifest.read(shop.folder / "data" / "lake")
    with closing(sqlite3.connect(other.folder / "data" / "test-bank.db")) as bank:
        assert bank.execute("SELECT sum FROM book").fetchall() == [(68,)]
    assert "Nothing to do" in other.done("migrate")


def test_a_backup_never_writes_over_anything(shop: Home) -> None:
    (shop.folder / "backup.zip").write_text("mine")
    assert "backup.zip exists already; name another one" in shop.refused("backup", "backup.zip")
    assert (shop.folder / "backup.zip").read_text() == "mine"


def test_without_a_database_nothing_is_left_behind(home: Home) -> None:
    assert "nothing to back up" in home.refused("backup", "backup.zip")
    assert list(home.folder.iterdir()) == []


def test_a_target_that_is_not_empty_is_kept_unless_told_and_then_set_aside(shop: Home) -> None:
    shop.done("backup", "backup.zip")
    shop.change("UPDATE contact SET name = 'later'")
    assert "the target is not empty: data/parley.db, data/lake, data/files. With --replace" in shop.refused(
        "restore", "backup.zip"
    )
    assert shop.rows("SELECT name FROM contact") == [("later",)]
    told = shop.done("restore", "--replace", "backup.zip")
    assert shop.rows("SELECT name FROM contact") != [("later",)]
    aside = sorted(path for path in (shop.folder / "data").iterdir() if ".replaced-" in path.name)
    assert [path.name.partition(".replaced-")[0] for path in aside] == ["files", "lake", "parley.db", "test-bank.db"]
    assert all(f"is now {path.relative_to(shop.folder)};" in told for path in aside)
    with closing(sqlite3.connect(aside[2])) as old:
        assert old.execute("SELECT name FROM contact").fetchall() == [("later",)]


def test_a_damaged_backup_changes_nothing(home: Home, shop: Home) -> None:
    shop.done("backup", "../backup")
    other, backup = home.at("other"), home.folder / "backup"
    [file] = [path for path in (backup / "files").rglob("*") if path.is_file()]
    file.write_text("the bytes of a fool")
    assert "the backup is damaged: files/" in other.refused("restore", "../backup")
    file.unlink()
    assert "cannot be read" in other.refused("restore", "../backup")
    (backup / "manifest.json").unlink()
    assert "has no manifest.json: that backup was never finished" in other.refused("restore", "../backup")
    assert "is not there" in other.refused("restore", "../nowhere")
    (home.folder / "half.zip").write_bytes(b"PK\x03\x04 half a file")
    assert "is not a backup, or only a part of one" in other.refused("restore", "../half.zip")
    assert not other.database.exists()
    assert not (other.folder / "data" / "files").exists()


def test_rows_that_are_not_what_they_were_are_noticed(home: Home, shop: Home) -> None:
    """The file is whole, but its rows are not those of the manifest."""
    shop.done("backup", "../backup")
    contents = home.folder / "backup" / "manifest.json"
    told = json.loads(contents.read_text())
    told["rows"]["tables"]["message"]["sha256"] = "0" * 64
    contents.write_text(json.dumps(told))
    other = home.at("other")
    assert "these tables are not what they were: message" in other.refused("restore", "../backup")
    assert not other.database.exists()


async def _power_cut(made_at: datetime, now: datetime) -> Quieted:
    raise OSError(f"the machine went down at {now}, with a backup of {made_at}")


def test_a_restore_that_is_cut_off_leaves_nothing_that_could_speak(home: Home, shop: Home) -> None:
    shop.done("backup", "../backup.zip")
    other = home.at("other")
    with other.monkeypatch.context() as cut:
        cut.setattr("bot.backup.restoring.quiet", _power_cut)
        assert "the machine went down" in other.refused("restore", "../backup.zip")
    assert not other.database.exists()
    other.done("restore", "../backup.zip")
    assert other.rows("SELECT id FROM message") == shop.rows("SELECT id FROM message")
    assert [path.name for path in (other.folder / "data").iterdir() if "restoring" in path.name] == []


def test_a_backup_of_tomorrow_or_of_another_engine_is_refused(home: Home, shop: Home) -> None:
    shop.done("backup", "../backup")
    contents, other = home.folder / "backup" / "manifest.json", home.at("other")
    told = json.loads(contents.read_text())

    def written(**changed: object) -> str:
        contents.write_text(json.dumps({**told, **changed}))
        return other.refused("restore", "../backup")

    assert "has format 99, and this Parley reads up to 1" in written(format=99)
    assert "the backup is of postgres and database.url names sqlite" in written(
        rows={**told["rows"], "engine": "postgres"}
    )
    newer = {"number": 9999, "name": "9999_tomorrow", "checksum": "", "applied_at": ""}
    assert "with schema 9999; this one knows schemas up to" in written(
        rows={**told["rows"], "migrations": [*told["rows"]["migrations"], newer]}
    )
    assert "outside of itself" in written(entries={"../evil": {"size": 0, "sha256": ""}})
    assert not other.database.exists()


def test_an_older_schema_is_brought_up_to_date(home: Home, shop: Home) -> None:
    shop.change("DROP INDEX ix_identity_staff")
    shop.change("DELETE FROM schema_version WHERE name = '0006_linked_chats'")
    shop.done("backup", "../backup.zip")
    other = home.at("other")
    assert "applied 0006_linked_chats" in other.done("restore", "../backup.zip")
    assert other.rows("SELECT count(*) FROM sqlite_master WHERE name = 'ix_identity_staff'") == [(1,)]


def test_files_that_are_missing_or_damaged_in_the_store_are_named(shop: Home) -> None:
    [file] = [path for path in (shop.folder / "data" / "files").rglob("*") if path.is_file()]
    file.write_text("other bytes")
    code, out, err = shop.bot("backup", "damaged.zip")
    assert (code, "1 files" in out) == (1, True)
    assert "A file is damaged in the store: " in err
    file.unlink()
    code, out, err = shop.bot("backup", "missing.zip")
    assert (code, "0 files" in out) == (0, True)
    assert "A file is missing in the store: " in err


def test_files_of_a_bucket_stay_there_or_come_along(s3_server: ObjectStore, home: Home) -> None:
    bucket = asyncio.run(s3_server.create_bucket())
    shop, other, local = home.at("shop"), home.at("other"), home.at("local")
    settings = {
        "kind": "s3", "provider": "minio", "endpoint": bucket.endpoint, "bucket": bucket.name,
        "region": bucket.region, "access_key": bucket.key, "secret_key": bucket.secret, "prefix": "shop",
    }  # fmt: skip
    text = "[storage]\n" + "".join(f'{name} = "{value}"\n' for name, value in settings.items())
    for one in (shop, other):
        (one.folder / "config.toml").write_text(text)
    (shop.folder / "note.txt").write_text("in the bucket")
    shop.monkeypatch.setattr("sys.stdin", io.StringIO(":file note.txt\n"))
    shop.done("chat", "--here", "--as", "telegram")
    told = shop.done("backup", "../thin.zip")
    assert f"no files: 1 stay in the bucket minio: {bucket.name}/shop" in told
    assert not any(name.startswith("files/") for name in parts(home.folder / "thin.zip"))
    assert "0 files are back" in other.done("restore", "../thin.zip")
    assert f"the backup holds no files: they are in the bucket minio: {bucket.name}/shop." in local.refused(
        "restore", "../thin.zip"
    )
    assert "1 files" in shop.done("backup", "--files", "../whole.zip")
    assert "1 files are back" in local.done("restore", "../whole.zip")
    [file] = [path for path in (local.folder / "data" / "files").rglob("*") if path.is_file()]
    assert file.read_text() == "in the bucket"


def test_postgresql_without_its_programs_is_told(home: Home, postgres_server: Postgres) -> None:
    url = asyncio.run(postgres_server.create_database())
    home.monkeypatch.setenv("PARLEY_DATABASE__URL", url)
    home.done("migrate")
    home.monkeypatch.setenv("PATH", str(home.folder))
    assert home.refused("backup", "backup.zip").startswith("pg_dump is not in the PATH: install the client programs")
    _program(home.folder / "pg_dump", "pg_dump: error: aborting because of server version mismatch")
    assert "this pg_dump is older than the server" in home.refused("backup", "backup.zip")
    assert not (home.folder / "backup.zip").exists()
    asyncio.run(postgres_server.drop_database(url))


def _program(path: Path, says: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    path.chmod(0o755)


@pytest.fixture(params=["postgres_server", "mariadb_server"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Postgres | MariaDb:
    made: Postgres | MariaDb = request.getfixturevalue(request.param)
    if isinstance(made, Postgres):
        monkeypatch.setenv("PATH", str(made._bin), prepend=":")
    return made


def test_a_server_with_tables_is_kept_unless_told(home: Home, server: Postgres | MariaDb) -> None:
    url = asyncio.run(server.create_database())
    home.monkeypatch.setenv("PARLEY_DATABASE__URL", url)
    home.done("migrate")
    home.done("staff", "add", "ann")
    home.done("backup", "backup.zip")
    home.done("staff", "add", "bob")
    assert "the target is not empty: the database. With --replace" in home.refused("restore", "backup.zip")
    assert "bob" in home.done("staff", "list")
    home.done("restore", "--replace", "backup.zip")
    assert "bob" not in (listed := home.done("staff", "list"))
    assert "ann" in listed
    assert "Nothing to do" in home.done("migrate")
    with home.monkeypatch.context() as cut:
        cut.setattr("bot.backup.restoring.quiet", _power_cut)
        assert "the machine went down" in home.refused("restore", "--replace", "backup.zip")
    assert "already exists" in home.refused("migrate"), "a start on half a restore must fail"
    home.done("restore", "--replace", "backup.zip")
    assert "ann" in home.done("staff", "list")
    asyncio.run(server.drop_database(url))
