"""Migrations on MariaDB, whose DDL commits: they may die anywhere, and go on where they were."""

from __future__ import annotations

import asyncio
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from tortoise.exceptions import OperationalError

from bot.core.errors import ConfigError
from models.database import client, fetch, migrate
from models.engines import mysql
from models.engines.mysql_client import Transaction
from models.migrate import available, run
from tests.unit.models.schema import shape


class Dies(Exception):
    """The process is gone here."""


async def test_a_migration_that_dies_anywhere_goes_on_where_it_was(bare_mariadb: str, monkeypatch: Any) -> None:
    """After each statement of every file: before its note is written, and after."""
    for after_note in (True, False):
        await _emptied()
        died: set[str] = set()
        while await _dies(monkeypatch, died, after_note):
            pass
        assert len(died) == sum(len(mysql.statements_of(one.sql)) for one in available("mysql"))
        found = await shape()
        assert await fetch("SELECT count(*) AS n FROM schema_progress") == [{"n": 0}]
        await _emptied()
        await migrate()
        assert found == await shape()


async def _emptied() -> None:
    [row] = await fetch("SELECT database() AS name")
    await client().execute_script(
        f"DROP DATABASE {row['name']}; CREATE DATABASE {row['name']} CHARACTER SET latin1; USE {row['name']}"
    )


async def _dies(monkeypatch: Any, died: set[str], after_note: bool) -> bool:
    """Migrate until a statement is done that no run died at before."""
    real = Transaction.execute_query

    async def execute_query(self: Any, query: str, values: Any = None) -> Any:
        dies = query.startswith("UPDATE schema_progress") and query not in died
        answer = await real(self, query, values) if after_note or not dies else None
        if dies:
            died.add(query)
            raise Dies
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "execute_query", execute_query)
        try:
            await migrate()
        except Dies:
            return True
    return False


async def test_a_statement_that_fails_is_told_and_done_when_it_is_mended(bare_mariadb: str, tmp_path: Path) -> None:
    folder = tmp_path / "mysql"
    folder.mkdir()
    good = "CREATE TABLE a (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1);\n"
    (folder / "0001_a.sql").write_text(good + "INSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(OperationalError, match="nowhere"):
        await run(client(), "mysql", tmp_path)
    (folder / "0001_a.sql").write_text(good)
    with pytest.raises(ConfigError, match="0001_a was changed while it was half applied"):
        await run(client(), "mysql", tmp_path)
    (folder / "0001_a.sql").write_text(good + "INSERT INTO nowhere VALUES (1);\n")
    await client().execute_script("CREATE TABLE nowhere (id INT)")
    assert await run(client(), "mysql", tmp_path) == ["0001_a"]
    assert await fetch("SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM nowhere) AS b") == [
        {"a": 1, "b": 1}
    ]


async def test_two_nodes_migrate_one_after_the_other(bare_mariadb: str) -> None:
    pool = client()
    nodes = [asyncio.create_task(run(pool, "mysql"), context=Context()) for _ in range(3)]
    names = [one.name for one in available("mysql")]
    assert sorted(await asyncio.gather(*nodes)) == [[], [], names]
