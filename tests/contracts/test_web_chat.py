"""The whole Parley behind a real socket: lost connections and restarts lose and double nothing, on each database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import build, opened
from bot.config import load
from models import Message, Visitor
from models.database import close_database, open_database
from tests.servers import free_port
from tests.unit.web.running import Browser

VISITORS, TEXTS = 8, 10  # with every retry still below ten messages in five seconds for each life


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite://{tmp_path / 'parley.db'}"
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@asynccontextmanager
async def running(folder: Path, database: str, port: int) -> AsyncIterator[str]:
    """One life of a server, from its start to its orderly end."""
    config = load(
        None,
        {"server": {"port": port, "data": str(folder)}, "database": {"url": database}, "demo": {"shop": False}},
    )
    async with opened(config):
        app = await build(config)
        await app.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await app.stop()


class Typist:
    """A visitor whose line is cut at random: sends again under the same id, and asks for what was missed."""

    def __init__(self, url: str, name: str, dice: random.Random) -> None:
        self.url, self.name, self.dice = url, name, dice
        self.token: str | None = None
        self.got: dict[int, dict[str, Any]] = {}
        self.browser: Browser | None = None

    async def comes(self) -> Browser:
        browser = await Browser(self.url, self.token).opens(after=max(self.got, default=0), lang="en")
        self.token, self.browser = browser.token, browser
        return browser

    async def goes(self) -> None:
        """Keep what this connection heard; a message heard twice on one connection is a fault."""
        browser, self.browser = self.browser, None
        assert browser is not None
        await browser.leaves()
        seqs = [seq for seq, _ in browser.texts]
        assert seqs == sorted(set(seqs)), f"{self.name} heard {seqs}"
        for event, body in browser.heard:
            if event in ("session", "message"):
                assert isinstance(body, dict)
                for message in body["messages"] if event == "session" else [body]:
                    self.got[message["seq"]] = message

    async def types(self, texts: list[str]) -> None:
        for text in texts:
            browser = self.browser or await self.comes()
            sent = await browser.says(text, id=text)
            assert sent == {"ok": True, "id": text}
            if self.dice.random() < 0.4:
                await self.goes()
                await self.comes()
                assert self.browser is not None
                assert (await self.browser.says(text, id=text))["ok"] is True  # a retry whose first ack was lost

    async def catches_up(self, last: int) -> list[dict[str, Any]]:
        browser = self.browser or await self.comes()
        await browser.hears(lambda: max([*self.got, *(seq for seq, _ in browser.texts)], default=0) >= last, 20)
        await self.goes()
        return [self.got[seq] for seq in sorted(self.got)]


async def truth(typist: Typist) -> list[Message]:
    """The visitor's thread in the database, once all of it was handled."""
    first = await Message.get(client_id=f"{typist.name}-0")
    mine = Message.filter(conversation_id=first.conversation_id)
    for _ in range(2000):
        if await mine.filter(author="customer").count() == TEXTS:
            break
        await asyncio.sleep(0.01)
    return await mine.filter(author__in=["customer", "bot"]).order_by("seq")


async def test_every_transcript_equals_the_database(tmp_path: Path, database: str) -> None:
    port, seed = free_port(), random.randrange(2**32)
    print(f"seed {seed}")
    typists = [Typist(f"http://127.0.0.1:{port}", f"t{n}", random.Random(seed + n)) for n in range(VISITORS)]
    texts = {typist.name: [f"{typist.name}-{n}" for n in range(TEXTS)] for typist in typists}
    async with running(tmp_path, database, port):
        await asyncio.gather(*(typist.types(texts[typist.name][: TEXTS // 2]) for typist in typists))
        for typist in typists:
            await typist.goes()
    async with running(tmp_path, database, port):
        await asyncio.gather(*(typist.types(texts[typist.name][TEXTS // 2 :]) for typist in typists))
        for typist in typists:
            rows = await truth(typist)
            heard = await typist.catches_up(rows[-1].seq)
            assert [(one["seq"], one["author"], one["text"]) for one in heard] == [
                (row.seq, row.author, row.text) for row in rows
            ], f"seed {seed}"
            assert [row.text for row in rows if row.author == "customer"] == texts[typist.name], f"seed {seed}"
    await open_database(database)  # at the end of a process the visitors have rows, too: they are made behind the acks
    assert await Visitor.all().count() == VISITORS
    await close_database()


async def test_a_slow_reader_is_cut_and_the_others_go_on(tmp_path: Path) -> None:
    async with running(tmp_path, f"sqlite://{tmp_path / 'parley.db'}", free_port()) as url:
        ann = await Browser(url).opens(lang="en")
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(
                url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", max_msg_size=0
            ) as deaf,
        ):
            await deaf.receive()
            await deaf.send_str(f'40/chat,{{"token":"{ann.token}"}}')
            long = "x" * 3900
            gone = asyncio.Event()

            async def floods() -> None:
                number = 0
                while not gone.is_set():
                    # Asks for much and reads nothing: its own answers fill its queue.
                    await deaf.send_str(f'42/chat,{number}["sync",{{"after":0}}]')
                    number += 1
                    await asyncio.sleep(0)

            for number in range(8):
                await ann.says(f"{number} {long}")
            before = await _cut(client, url)
            flood = asyncio.create_task(floods())
            try:
                async with asyncio.timeout(30):
                    while await _cut(client, url) == before:
                        await asyncio.sleep(0.02)
            finally:
                gone.set()
                await asyncio.gather(flood, return_exceptions=True)
            assert (await ann.says("still here"))["ok"] is True
        await ann.leaves()


async def _cut(client: aiohttp.ClientSession, url: str) -> float:
    async with client.get(f"{url}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("parley_sockets_cut_total "))
