"""docs/deploy/nginx.conf with a real nginx before two nodes: what passes, what does not, and a restart of each."""

from __future__ import annotations

import asyncio
import io
import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.config import Config
from tests.deploy.site import FILE_MB, Site, running
from tests.faults import oracle
from tests.faults.crowd import HEADERS, Crowd, update
from tests.faults.visitor import Visitor
from tests.kit.nginx import CONFIGURATION, NAME
from tests.kit.tcp_proxy import Proxy

MIB = 1024 * 1024


class Guest(Visitor):
    """A visitor who comes by way of nginx, from this address of the machine."""

    def __init__(self, site: Site, address: str = "127.0.0.1") -> None:
        super().__init__(site.nginx.url)
        self._site = site
        self._address = address

    async def __aenter__(self) -> Guest:
        self._http = self._site.nginx.session(self._address)
        return self

    async def uploads(self, url: str = "", *, size: int = 100, claims: str = "") -> int:
        """The status of one upload; `claims` is an address that the visitor pretends to have."""
        assert self._http is not None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/plain"}
        headers |= {"X-Forwarded-For": claims} if claims else {}
        url = f"{url or self.url}/api/chat/files?name=note.txt"
        async with self._http.post(url, data=io.BytesIO(b"a" * size), headers=headers) as response:
            return response.status


@asynccontextmanager
async def crowd_before(site: Site, url: str, people: int) -> AsyncIterator[Crowd]:
    """People whose posts go through nginx, and of whom nobody is told to come again."""
    crowd = Crowd(site.telegram, f"{url}/hooks/telegram", people, random.Random(1))
    async with crowd:
        assert crowd._http is not None
        await crowd._http.close()
        crowd._http = site.nginx.session()
        yield crowd


async def test_pages_come_by_https_and_only_by_https(site: Site) -> None:
    async with site.nginx.session() as http:
        async with http.get(f"{site.nginx.url}/") as page:
            assert page.status == 200
            assert "shop" in (await page.text()).lower()
        async with http.get(f"http://{NAME}:{site.nginx.plain_port}/desk?x=1", allow_redirects=False) as moved:
            assert (moved.status, moved.headers["Location"]) == (301, f"https://{NAME}/desk?x=1")


async def test_what_is_for_operators_is_asked_of_the_nodes(site: Site) -> None:
    async with site.nginx.session() as http:
        for path, there in (("/readyz", 200), ("/metrics", 200), ("/healthz", 200)):
            async with http.get(f"{site.nodes[0].url}{path}") as direct:
                assert direct.status == there
            async with http.get(f"{site.nginx.url}{path}") as outside:
                assert outside.status == (200 if path == "/healthz" else 404)


async def test_a_socket_is_upgraded_and_comes_back_to_any_node(site: Site) -> None:
    async with Guest(site) as guest:
        for number in range(4):
            await guest.opens()
            await guest.says(f"hello {number}")
            await guest.hears(f"echo hello {number}")
            await guest.cut()
        assert [text for _, text in guest.seen] == [w for n in range(4) for w in (f"hello {n}", f"echo hello {n}")]


async def test_two_nodes_let_nobody_begin_with_long_polling(site: Site) -> None:
    async with site.nginx.session() as http, http.get(_polling(site)) as refused:
        assert (refused.status, await refused.text()) == (400, "connect by websocket")


def _polling(site: Site, session: str = "") -> str:
    return f"{site.nginx.url}/socket.io/?EIO=4&transport=polling{f'&sid={session}' if session else ''}"


async def test_uploads_pass_up_to_the_limit_of_parley(site: Site) -> None:
    async with Guest(site) as guest:
        await guest.opens()
        assert await guest.uploads(size=FILE_MB * MIB) == 201
        assert await guest.uploads(size=FILE_MB * MIB + 1) == 413  # Parley's own words
        room = int(re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text())[0])
        assert room > max(Config().limits.file_mb, Config().limits.image_mb)
        assert await guest.uploads(size=room * MIB + 1) == 413


async def test_an_address_is_what_nginx_saw_and_not_what_somebody_claims(site: Site) -> None:
    async with Guest(site, "127.0.0.2") as greedy, Guest(site, "127.0.0.2") as twin, Guest(site, "127.0.0.3") as other:
        for guest in (greedy, twin, other):
            await guest.opens()
        for node in site.nodes:  # each counts by itself
            assert {await greedy.uploads(node.url) for _ in range(31)} == {201, 429}
        # nginx' word is believed, and of what the visitor says himself nothing, in both ways.
        assert [await twin.uploads(), await twin.uploads(claims="127.0.0.3")] == [429, 429]
        assert [await twin.uploads(node.url, claims="127.0.0.3") for node in site.nodes] == [429, 429]
        assert [await other.uploads(), await other.uploads(claims="127.0.0.2")] == [201, 201]


class Counting(Proxy):
    """Counts the connections that are made to a node."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.made = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.made += 1
        await super().serve(reader, writer)


@pytest.mark.parametrize("one_pool", [False, True])
async def test_kept_connections_carry_calls_and_pages_in_any_order(site: Site, tmp_path: Path, one_pool: bool) -> None:
    way = Counting(site.nodes[0].port)
    listening = await asyncio.start_server(way.serve, "127.0.0.1", way.port)
    nginx = running(tmp_path / "nginx", [way.port], one_pool=one_pool)
    try:
        async with nginx.session() as http:
            first = 900 + 10 * one_pool
            found = await asyncio.gather(*(_mix(http, nginx.url, site, first + number) for number in range(4)))
    finally:
        nginx.stop()
        listening.close()
    assert found == [[200] * 60] * 4
    assert way.made <= 16, "nginx makes a connection for each request"


async def _mix(http: aiohttp.ClientSession, url: str, site: Site, person: int) -> list[int]:
    """The answers to what one person's platform and one person's browser ask in turn."""
    statuses, ann = [], site.telegram.user(person)
    for number in range(30):
        site.told[person].append(f"m{number}")
        told = update(ann, f"m{number}")
        async with http.post(f"{url}/hooks/telegram", json=told, headers=HEADERS) as kept:
            statuses.append(kept.status)
        async with http.get(f"{url}{('/healthz', '/', '/api/shop/products')[number % 3]}") as page:
            await page.read()
            statuses.append(page.status)
    return statuses


@pytest.mark.long
async def test_one_node_after_the_other_restarts_and_nobody_notices(site: Site) -> None:
    async with crowd_before(site, site.nginx.url, 50) as crowd, Guest(site) as guest:
        await guest.opens()
        async with crowd.writing(60):
            await crowd.is_served(20)
            for node in site.nodes:
                seconds, code = await node.stop()
                assert (code, seconds < 5) == (0, True), f"an open socket held up the end: {seconds:.1f} s"
                if node is site.nodes[0]:
                    await _long_polling_works(site)
                await node.start()
                await crowd.is_served(20)
        assert await crowd.is_answered(20)
        assert set(crowd.answers) == {200}
        for node in site.nodes:
            await node.stop()
        found = await oracle.compare(site.database, crowd.told | site.told, site.shown())
        for node in site.nodes:
            await node.start()
    assert found.wrong() == []


async def _long_polling_works(site: Site) -> None:
    """While one node is alone, and as soon as it has noticed."""
    async with site.nginx.session() as http:
        async with asyncio.timeout(10):
            while (found := await _answer(http, _polling(site)))[0] != 200:
                await asyncio.sleep(0.05)
        session = re.findall(r'"sid":"([^"]+)"', found[1])[0]
        async with http.post(_polling(site, session), data='40/chat,{"after":0,"lang":"en"}') as asked:
            assert (asked.status, await asked.text()) == (200, "OK")
        came = ""
        while '"token"' not in came:
            came += (await _answer(http, _polling(site, session)))[1]


async def _answer(http: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with http.get(url) as response:
        return response.status, await response.text()
