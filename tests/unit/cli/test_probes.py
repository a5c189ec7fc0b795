"""What `check` finds about a database that is not this version's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from bot.cli import probes
from bot.cli.finding import Finding
from bot.config import Config
from models.database import close_database, migrate, open_database


@pytest.fixture
async def config(tmp_path: Path) -> Config:
    """A configuration whose database is up to date."""
    url = f"sqlite://{tmp_path}/parley.db"
    await open_database(url)
    await migrate()
    await close_database()
    return Config.model_validate({"database": {"url": url}})


async def schema(config: Config) -> Finding:
    return [finding async for finding in probes.database(config)][-1]


async def test_a_database_is_told_by_its_schema(config: Config, tmp_path: Path) -> None:
    assert (await schema(config)).detail == "up to date"
    with sqlite3.connect(tmp_path / "parley.db") as rows:
        rows.execute("DELETE FROM schema_version WHERE number = (SELECT max(number) FROM schema_version)")
    rows.close()
    behind = await schema(config)
    assert (behind.state, behind.detail.partition(":")[0]) == ("note", "to apply")


async def test_a_database_of_a_newer_parley_is_refused(config: Config, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "parley.db") as rows:
        rows.execute("INSERT INTO schema_version VALUES (9999, '9999_later', 'x', 'now')")
    rows.close()
    found = await schema(config)
    assert found.state == "wrong"
    assert "made by a newer Parley (9999_later); start that version" in found.detail


async def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    found = await schema(Config.model_validate({"database": {"url": "postgres://u:not-for-eyes@127.0.0.1:9/d"}}))
    assert found.state == "wrong"
    assert "127.0.0.1" in found.detail
    assert "not-for-eyes" not in f"{found.detail}{found.cure}"


async def test_on_postgres_it_says_which_without_its_password(postgres_url: str) -> None:
    config = Config.model_validate({"database": {"url": postgres_url}})
    findings = [finding async for finding in probes.database(config)]
    assert [(finding.name, finding.state) for finding in findings] == [
        ("open", "ok"),
        ("settings", "note"),  # the tests' server does not sync
        ("schema", "note"),
    ]
    assert findings[0].detail.startswith("postgres")
    assert "@" not in findings[0].detail


async def test_on_mariadb_it_says_what_a_power_cut_would_cost(mariadb_url: str) -> None:
    config = Config.model_validate({"database": {"url": mariadb_url}})
    where, durability, tables = [finding async for finding in probes.database(config)]
    assert (where.state, durability.state, tables.state) == ("ok", "note", "note")
    assert where.detail.startswith("mysql://127.0.0.1")
    assert durability.detail.endswith("a power cut loses what was acknowledged")
    assert durability.cure == "set it to 1"
