"""The locks of a node on MariaDB: what a commit is checked against stays so until its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context
from pathlib import Path

import pytest

from bot.core.chat import Chat
from bot.core.errors import DatabaseBusy
from bot.core.router import Router
from models import Conversation, Node
from models.database import assure, client, close_database, open_database, transaction, unchanged
from tests.kit.several import Several


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
