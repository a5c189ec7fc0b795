"""Several nodes on one MariaDB: what leans on its locks and its clock, and not on those of PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context
from pathlib import Path

import pytest

from bot.core.chat import Chat
from bot.core.errors import DatabaseBusy
from bot.core.router import Router
from models import Conversation, Node, Staff
from models.database import assure, client, close_database, open_database, transaction, unchanged
from tests.kit.several import ACCOUNT, Several, until
from tests.kit.simulator import START


def echoing() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"echo {chat.inbound.text}")

    return router


@pytest.fixture
async def several(empty_mariadb: str, tmp_path: Path) -> AsyncIterator[Several]:
    await open_database(empty_mariadb)
    made = Several([echoing()], tmp_path)
    yield made
    await made.close()
    await close_database()


async def test_two_nodes_share_the_work_and_each_message_is_answered_once_and_in_order(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    assert (len(one.shards), len(two.shards), one.shards & two.shards) == (32, 32, frozenset())
    for number in range(6):
        for person in "abcd":
            await several.says(person, f"m{number}", at=(one, two)[(number + ord(person)) % 2])
    await several.quiet()
    assert [several.shown(person) for person in "abcd"] == [[f"echo m{number}" for number in range(6)]] * 4


async def test_a_node_that_stays_silent_loses_its_lanes_and_another_goes_on(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    await two.stops_renewing()
    await several.says(person, "hello", at=one)
    await several.quiet()
    assert several.shown(person) == ["echo hello"]
    await until(lambda: len(one.shards) == 64)
    assert two.is_late


async def test_staff_take_over_at_a_node_that_does_not_run_the_lane(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    await several.says(person, "hello", at=one)
    await several.quiet()
    row = await Conversation.get(lane=f"{ACCOUNT}:{person}")
    mei = await Staff.create(login="mei", name="Mei", role="agent", password_hash="x", created_at=START)
    await one.runtime.take_over(row.id, mei.id)
    await several.says(person, "are you there?", at=two)
    await several.quiet()
    assert several.shown(person) == ["echo hello"]


async def _tries(sql: str) -> str:
    try:
        async with transaction() as connection:
            await connection.execute_query("SET SESSION innodb_lock_wait_timeout = 1")
            await connection.execute_query(sql)
            await connection.execute_query("SET SESSION innodb_lock_wait_timeout = 10")
    except DatabaseBusy:
        return "waits"
    return "goes on"


async def test_what_a_commit_is_checked_against_stays_so_until_its_end(several: Several) -> None:
    one = await several.joins()
    await several.says("kim", "hello", at=one)
    await several.quiet()
    row, node = await Conversation.get(), await Node.get()
    guard = unchanged("conversation", {row.id: row.version}, node.id)
    assert guard is not None
    async with transaction() as connection:
        await assure(guard, connection)
        for sql, does in (
            (f"DELETE FROM node WHERE id = {node.id}", "waits"),
            (f"UPDATE conversation SET unread = 1 WHERE id = {row.id}", "waits"),
            (f"UPDATE node SET until = until + 1 WHERE id = {node.id}", "goes on"),  # the lease is renewed meanwhile
            (f"SELECT id FROM node_life WHERE id = {node.id} LOCK IN SHARE MODE", "goes on"),  # and others commit
        ):
            assert await asyncio.create_task(_tries(sql), context=Context()) == does
    assert client() is not connection
