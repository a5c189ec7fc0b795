"""A node whose end takes too long cuts off what is under way, and another one goes on with it at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.chat import Chat
from bot.core.registry import reads
from bot.core.router import Router
from bot.services.scope import Scope
from models.database import close_database, open_database
from tests.kit.several import TERMS, Several, until


@pytest.fixture
async def hangs() -> asyncio.Event:
    """Set: handlers hang no more."""
    return asyncio.Event()


@pytest.fixture
async def several(empty_postgres: str, tmp_path: Path, hangs: asyncio.Event) -> AsyncIterator[Several]:
    router = Router("hangs")

    @reads
    async def waits(scope: Scope) -> None:
        await hangs.wait()

    @router.fallback
    async def answer(chat: Chat) -> None:
        await chat.do(waits)
        chat.say(f"echo {chat.inbound.text}")

    await open_database(empty_postgres)
    made = Several([router], tmp_path)
    yield made
    await made.close()
    await close_database()


async def test_what_hangs_at_the_end_is_another_nodes_at_once(several: Several, hangs: asyncio.Event) -> None:
    one = await several.joins()
    await several.says("Kim", "hello", at=one)
    await until(lambda: bool(one.runtime._worker._under_way))
    two = await several.joins()
    several.nodes.remove(one)
    one.runtime.leave()
    assert one.runtime.trouble() == "this node is about to end"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await one.runtime.stop()
    began = time.monotonic()
    await one.runtime.abandon()
    hangs.set()
    await until(lambda: len(two.shards) == 64)
    await until(lambda: several.shown("Kim") == ["echo hello"])
    assert time.monotonic() - began < TERMS.lease - TERMS.margin, "it waited for the lease to run out"
