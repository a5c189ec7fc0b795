"""Official accounts by the whole of Parley: answers in the call, at a later try of it, and by customer service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import build, opened
from bot.config import Config, accounts
from models import Message, Opening
from tests.kit.platforms.wechat import APP_ID, KEY, SECRET, TOKEN, WeChatServer
from tests.kit.wire_faults import Hang
from tests.servers import free_port

Runs = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
async def server() -> AsyncIterator[WeChatServer]:
    async with WeChatServer(key=KEY) as server:
        yield server


@pytest.fixture
def runs(tmp_path: Path, server: WeChatServer) -> Runs:
    """Parley with one account; what is not given is as in the fake WeChat."""

    @asynccontextmanager
    async def run(**more: Any) -> AsyncIterator[None]:
        port = free_port()
        config = Config.model_validate(
            {
                "server": {"port": port, "data": str(tmp_path), "edge": False},
                "demo": {"shop": False},
                "handlers": {"modules": ["tests.faults.handlers"]},
            }
        )
        table = {"app_id": APP_ID, "secret": SECRET, "token": TOKEN, "encoding_aes_key": KEY, "api_base": server.base}
        read, wrong = accounts.read({"wechat": table | more}, config.server.hook)
        assert not wrong
        config = config.model_copy(update={"channels": read})
        async with opened(config):
            app = await build(config)
            await app.start()
            server.posts_to(f"http://127.0.0.1:{port}/hooks/wechat")
            try:
                yield
            finally:
                await app.stop()

    return run


async def test_a_ready_answer_is_in_the_call(server: WeChatServer, runs: Runs) -> None:
    ann = server.person()
    async with runs():
        await ann.says("hi")
        assert (await ann.reads(20)).text == "echo hi"
        assert server.count("send") == 0
        async with asyncio.timeout(30):
            while not await Message.filter(author="bot", delivery="sent").exists():
                await asyncio.sleep(0.02)
        assert [row.used for row in await Opening.all()] == [0], "what is in the call takes nothing of the five"


async def test_who_a_stranger_is_keeps_no_answer_out_of_its_call(server: WeChatServer, runs: Runs) -> None:
    ann = server.person()
    server.fails("user", Hang())
    async with runs():
        await ann.says("hi")
        assert (await ann.reads(20)).text == "echo hi"
        assert server.named("user")
        assert server.count("send") == 0


async def test_a_later_answer_comes_by_customer_service(server: WeChatServer, runs: Runs) -> None:
    ann = server.person()
    async with runs(holds=0.1):
        await ann.says("/nap 600")
        assert (await ann.reads(20)).text == "echo /nap 600"
        assert server.count("send") == 1
        assert [answer.body for answer in server.posting.answers] == [b"success"]


async def test_without_the_api_a_later_answer_is_in_a_later_try(server: WeChatServer, runs: Runs) -> None:
    server.posting.patience = 1.0  # for WeChat's five
    ann = server.person()
    async with runs(api=False, secret="", holds=0.5):
        await ann.says("/nap 1200")
        assert (await ann.reads(20)).text == "echo /nap 1200"
        *cut, taken = [answer.status for answer in server.posting.answers]
        assert (set(cut), taken) == ({0}, 200)
    assert {call.method for call in server.calls} == set()
