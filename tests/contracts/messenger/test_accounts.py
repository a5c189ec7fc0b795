"""Two Pages of one app, whose events Meta posts to one address: each is answered as itself, by the whole of Parley."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from aiohttp import ClientSession

from bot.app import build, opened
from bot.config import Config, accounts
from models import Conversation, Identity
from tests.kit.platforms.meta import MessengerServer
from tests.servers import free_port


def shop(folder: Path, first: MessengerServer, second: MessengerServer) -> Config:
    port = free_port()
    config = Config.model_validate(
        {
            "server": {"port": port, "data": str(folder), "edge": False},
            "demo": {"shop": False},
            "handlers": {"modules": ["tests.faults.handlers"]},
        }
    )
    common = {"app_secret": first.secret, "verify_token": "v", "kind": "messenger"}
    one = {"access_token": first.token, "page_id": first.page, "api_base": first.base, "others": {"105": "second"}}
    two = {"access_token": second.token, "page_id": second.page, "api_base": second.base}
    read, wrong = accounts.read({"messenger": common | one, "second": common | two}, config.server.hook)
    assert not wrong
    first.posts_to(f"http://127.0.0.1:{port}/hooks/messenger")
    return config.model_copy(update={"channels": read})


@pytest.fixture
async def second() -> AsyncIterator[MessengerServer]:
    async with MessengerServer("105") as server:
        yield server


async def test_two_pages_at_one_address_answer_each_its_own_people(
    tmp_path: Path, server: MessengerServer, second: MessengerServer
) -> None:
    config = shop(tmp_path, server, second)
    ann, bob = server.user("7"), second.user("8")
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            await ann.says("one")
            event = second.event(bob.id, second.home, message={"mid": "m_8", "text": "two"})
            server.posts({"object": "page", "entry": [{"id": second.home, "messaging": [event]}]})
            assert (await ann.reads(20)).text == "echo one"
            assert (await bob.reads(20)).text == "echo two"
            assert {one.lane for one in await Conversation.all()} == {"messenger:7", "second:8"}
            assert (await server.challenges("v")).body == b"1158201444"
            answer = await server.asks_for_deletion(ann.id)
            assert (answer.status, answer.content_type) == (200, "application/json")
            told = orjson.loads(answer.body)
            page = await whats_become(told["url"], "Your data is deleted")
            assert told["confirmation_code"] in page
            assert re.findall(r"<span>([^<]+)</span> <span>(\d)</span>", page) == [
                ("Messages deleted", "2"), ("Files deleted", "0"), ("Orders whose figures stay", "0")
            ]  # fmt: skip
            async with ClientSession() as http, http.get(told["url"] + "0") as unknown:
                assert (unknown.status, "We do not know this code" in await unknown.text()) == (404, True)
            assert not await Identity.filter(external_id=ann.id).exists()
            assert [one.lane for one in await Conversation.all()] == ["second:8"]
        finally:
            await app.stop()


async def whats_become(address: str, expected: str) -> str:
    """The page that Meta shows people, once it says this."""
    async with ClientSession(headers={"Accept-Language": "en"}) as http, asyncio.timeout(30):
        while True:
            async with http.get(address) as answer:
                assert answer.status == 200
                page = await answer.text()
            if expected in page:
                return page
            await asyncio.sleep(0.05)
