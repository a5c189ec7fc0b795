"""MariaDB: values come back as they went, keys differ as they should, and its refusals are told as what they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from bot.core.errors import ConfigError, DatabaseBusy
from models import Setting
from models.database import client, close_database, commit, execute, fetch, open_database, transaction
from models.engines import mysql
from models.engines.engine import SESSION
from tests.servers import MariaDb

NOW = datetime(2026, 11, 22, 9, 0, 0, 5, tzinfo=UTC)
INBOUND = "INSERT INTO inbound (account, key, lane, kind, payload, received_at) VALUES "
ONE = "(?,?,?,?,?,?)"


@pytest.fixture
async def maria(empty_mariadb: str) -> AsyncIterator[str]:
    """An open, migrated, empty database."""
    await open_database(empty_mariadb)
    yield empty_mariadb
    await close_database()


HARD = [
    "it's",
    "\\",
    "\\'",
    "%s %(a)s %%",
    "?",
    "a\nb\r\t\x1a",
    '"quoted"',
    "😀👩‍👩‍👧茶",
    "-- ; DROP",
    "x" * 70_000,
    " ",
]


async def test_every_text_comes_back_as_it_went(maria: str) -> None:
    rows = [(f"{at}", text) for at, text in enumerate(HARD)]
    insert = "INSERT INTO setting (name, value) VALUES (?,?)"
    await commit([], [(insert, rows), ("UPDATE setting SET value = ? WHERE name = ?", [("'", "0"), ("it's", "0")])])
    assert {(row["name"], row["value"]) for row in await fetch("SELECT name, value FROM setting")} == set(rows)
    assert {(row.name, row.value) for row in await Setting.all()} == set(rows)
    for name, text in rows:
        assert await fetch("SELECT name FROM setting WHERE value = ? AND name = ?", (text, name)) == [{"name": name}]


async def test_keys_differ_by_case_by_accent_and_by_a_space_at_the_end(maria: str) -> None:
    keys = ["k", "K", "k ", "ḱ", "ß", "ss", "😀", "😁", "ｋ"]
    for key in keys:
        await Setting.create(name=key, value=key)
    assert sorted(row.name for row in await Setting.all()) == sorted(keys)
    for key in keys:
        assert [row.value for row in await Setting.filter(name=key)] == [key]
        with pytest.raises(IntegrityError):
            await Setting.create(name=key, value="again")


async def test_an_insert_tells_which_rows_were_new_and_their_ids(maria: str) -> None:
    def row(key: str) -> tuple[Any, ...]:
        return ("tg", key, "lane", "text", "{}", NOW)

    sql = f"{INBOUND}{ONE},{ONE},{ONE} ON CONFLICT (account, key) DO NOTHING RETURNING id, account, key"
    [first] = await commit([(sql, [*row("a"), *row("b"), *row("a")])], [])
    assert first == [{"id": 1, "account": "tg", "key": "a"}, {"id": first[1]["id"], "account": "tg", "key": "b"}]
    [second] = await commit([(sql, [*row("b"), *row("c"), *row("a")])], [])
    stored = {row["key"]: row["id"] for row in await fetch("SELECT id, key FROM inbound")}
    assert {**stored} == {row["key"]: row["id"] for row in (*first, *second)}
    assert [row["key"] for row in second] == ["c"]


async def test_what_does_not_fit_is_an_error_even_where_duplicates_are_ignored(maria: str) -> None:
    long = ("tg", "x" * 192, "lane", "text", "{}", NOW)
    with pytest.raises(OperationalError, match="Data too long"):
        await commit([(f"{INBOUND}{ONE} ON CONFLICT (account, key) DO NOTHING RETURNING id", long)], [])
    with pytest.raises(OperationalError, match="Data truncated"):
        await client().execute_query("INSERT IGNORE INTO setting (name, value) VALUES (repeat('x', 101), '')")
    await Setting.bulk_create([Setting(name="a", value="1")], ignore_conflicts=True)
    await Setting.bulk_create([Setting(name="a", value="2")], ignore_conflicts=True)
    assert await fetch("SELECT value FROM setting WHERE name = ?", ["a"]) == [{"value": "1"}]


async def test_a_batch_that_is_larger_than_a_packet_is_one_transaction(maria: str) -> None:
    insert = "INSERT INTO setting (name, value) VALUES (?,?)"
    rows = [(f"{at}", "x" * 400_000) for at in range(60)]  # 24 MB, more than the server takes at once
    with pytest.raises(IntegrityError):
        await commit([], [(insert, rows), (insert, [("0", "again")])])
    assert await fetch("SELECT count(*) AS n FROM setting") == [{"n": 0}]
    await commit([], [(insert, rows)])
    assert await fetch("SELECT count(*) AS n, sum(length(value)) AS size FROM setting") == [
        {"n": 60, "size": 24_000_000}
    ]


async def _rival(first: str, second: str, met: asyncio.Barrier) -> None:
    async with transaction() as connection:
        await execute(connection, [("UPDATE setting SET value = ? WHERE name = ?", [("new", first)])])
        await met.wait()
        await execute(connection, [("UPDATE setting SET value = ? WHERE name = ?", [("new", second)])])


async def test_of_two_that_wait_in_a_circle_one_is_busy_and_leaves_nothing(maria: str) -> None:
    await Setting.bulk_create([Setting(name="a", value="old"), Setting(name="b", value="old")])
    met = asyncio.Barrier(2)
    pair = [asyncio.create_task(_rival(*names, met), context=Context()) for names in (("a", "b"), ("b", "a"))]
    ends = await asyncio.gather(*pair, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["DatabaseBusy", "NoneType"]
    assert {row.value for row in await Setting.all()} == {"new"}


async def test_a_deadlock_inside_a_savepoint_is_told_as_one(maria: str) -> None:
    await Setting.bulk_create([Setting(name="a", value="old"), Setting(name="b", value="old")])
    met = asyncio.Barrier(2)

    async def nested(first: str, second: str) -> None:
        async with transaction():
            await _rival(first, second, met)

    pair = [asyncio.create_task(nested(*names), context=Context()) for names in (("a", "b"), ("b", "a"))]
    ends = await asyncio.gather(*pair, return_exceptions=True)
    assert sorted(type(end).__name__ for end in ends) == ["DatabaseBusy", "NoneType"]
    async with transaction():  # the pool's connections are as good as before
        await Setting.create(name="c", value="")


async def test_a_session_that_is_ended_or_cancelled_in_a_transaction_is_no_more_than_busy(maria: str) -> None:
    async def ended() -> None:
        async with transaction() as connection:
            await Setting.create(name="lost", value="")
            [row] = await fetch("SELECT connection_id() AS id", (), connection)
            await _elsewhere(f"KILL {row['id']}")
            await Setting.create(name="lost too", value="")

    with pytest.raises(DatabaseBusy):
        await ended()

    async def waits() -> None:
        async with transaction():
            await Setting.create(name="cancelled", value="")
            await fetch("SELECT sleep(60) AS slept")

    task = asyncio.create_task(waits(), context=Context())
    async with asyncio.timeout(30):
        while not (sleeping := await fetch(SLEEPING)):
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _elsewhere(f"KILL {sleeping[0]['id']}")  # the server looks after its clients every five seconds
    for _ in range(12):  # more often than the pool has connections
        async with transaction():
            assert await Setting.all().count() == 0


SLEEPING = "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT sleep%'"


async def _elsewhere(sql: str) -> list[dict[str, Any]]:
    """In a session that is not the transaction's."""
    return await asyncio.create_task(fetch(sql), context=Context())


async def test_the_sessions_of_a_process_are_ended_by_its_name(maria: str) -> None:
    async def end(name: str) -> None:
        await mysql.Mysql().end_sessions(client(), name)

    async def own_end(name: str) -> None:
        async with transaction():
            await Setting.create(name="a", value="")
            await asyncio.create_task(end(name), context=Context())

    await own_end("parley-of-nobody")
    await Setting.all().delete()
    with pytest.raises(DatabaseBusy):
        await own_end(SESSION)
    assert await _elsewhere("SELECT name FROM setting") == []


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ("10.11.19-MariaDB-0+deb12u1", True), ("10.6.0-MariaDB", True), ("11.4.2-MariaDB-log", True),
        ("10.5.26-MariaDB", False), ("8.0.36", True), ("8.4.0", True), ("5.7.44-log", False),
    ],
)  # fmt: skip
def test_a_server_that_is_too_old_is_refused(version: str, fits: bool) -> None:
    if fits:
        mysql.refuse_old(version)
    else:
        with pytest.raises(ConfigError, match=r"Parley needs MariaDB 10\.6 or MySQL 8\.0 or newer"):
            mysql.refuse_old(version)


async def test_a_server_that_may_lose_what_it_confirmed_is_told_of(
    maria: str, caplog: pytest.LogCaptureFixture, mariadb_server: MariaDb
) -> None:
    await mariadb_server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    await close_database()
    caplog.clear()
    await open_database(maria)
    assert "innodb_flush_log_at_trx_commit is 2: a power cut loses what was acknowledged" in caplog.text
    await mariadb_server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
    await close_database()
    caplog.clear()
    await open_database(maria)
    await mariadb_server.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    assert caplog.text == ""


def test_options_of_the_address() -> None:
    settings = mysql.Mysql().settings("mysql://a%40b:p%2Fw@db.test:3307/shop?maxsize=20&ssl_ca=/ca.pem", alone=True)
    assert isinstance(settings, dict)
    told = settings["credentials"]
    assert [told[name] for name in ("user", "password", "host", "port", "database", "maxsize", "ssl")] == [
        "a@b", "p/w", "db.test", 3307, "shop", 20, {"ca": "/ca.pem"},
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="speed=1 is not known"):
        mysql.Mysql().settings("mysql://a@b/c?speed=1", alone=True)
