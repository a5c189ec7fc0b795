"""Nobody outside can make the server call an address: not by words, names and files, nor by what a request is headed.

Beside the channel's own answers (`telegram/test_addresses.py`) and the file store's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from bot.core.errors import FileMissing, StorageUnavailable
from bot.storage.s3 import S3Settings, S3Storage
from tests.contracts.bad_input.wire import a_connection, a_visitor, an_update, posts, until
from tests.kit.canaries import Canaries
from tests.kit.server_process import ServerProcess
from tests.kit.telegram_server import TelegramServer
from tests.unit.web.running import Browser

PAPER = b"%PDF-1.7 a paper"
PEOPLE = range(700, 720)
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
#: A visitor may say so many things in ten seconds, and everybody at one address may upload so many files in a minute.
MOST_WORDS, MOST_UPLOADS = 90, 25


@pytest.fixture(scope="module")
async def canaries() -> AsyncIterator[Canaries]:
    async with Canaries() as canaries:
        yield canaries


@pytest.fixture(scope="module")
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture(scope="module")
async def server(
    tmp_path_factory: pytest.TempPathFactory, telegram: TelegramServer, canaries: Canaries
) -> AsyncIterator[ServerProcess]:
    """Its environment names a proxy."""
    folder = tmp_path_factory.mktemp("server")
    process = ServerProcess(folder, telegram=telegram.base, token=telegram.token, modules=("tests.kit.troubled",))
    with proxies(canaries.at("127.0.0.1")):
        await process.start()
    yield process
    assert process.ends() == 0


@contextmanager
def proxies(at: str) -> Iterator[None]:
    """For processes that are started inside the block."""
    before = dict(os.environ)
    os.environ.update(dict.fromkeys(PROXIES, f"http://{at}") | {"no_proxy": "", "NO_PROXY": ""})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def rests(server: ServerProcess) -> bool:
    """Whether everything that came was handled, and everything that was wanted is done."""
    waits = [server.rows(f"SELECT 1 FROM {table} WHERE state = 'pending' LIMIT 1") for table in ("inbound", "effect")]
    return waits == [[], []]


def hostile(address: str, person: int, file: str) -> dict[str, Any]:
    """A message whose words, links, names and file are all this address."""
    link = {"type": "text_link", "offset": 0, "length": 4, "url": address}
    update = an_update(
        None,
        person,
        caption=f"look {address}",
        caption_entities=[link, {"type": "url", "offset": 5, "length": len(address)}],
        link_preview_options={"url": address, "prefer_large_media": True},
        document={"file_id": file, "file_unique_id": file, "file_name": address, "mime_type": "application/pdf"},
    )
    update["message"].pop("text")
    update["message"]["from"] |= {"first_name": address, "last_name": address, "username": address}
    return update


async def test_words_links_names_and_files_of_customers_are_called_by_nobody(
    server: ServerProcess, telegram: TelegramServer, canaries: Canaries
) -> None:
    addresses = canaries.addresses()
    assert len(addresses) >= 200
    for id_ in PEOPLE:
        telegram.user(id_)
    async with aiohttp.ClientSession() as client:
        for start in range(0, len(addresses), len(PEOPLE)):
            some = addresses[start : start + len(PEOPLE)]
            kept = [telegram.chats.keep("document", "a.pdf", PAPER).id for _ in some]
            bodies = [hostile(*told) for told in zip(some, PEOPLE, kept, strict=False)]
            answers = await asyncio.gather(*(posts(client, server.url, body) for body in bodies))
            assert {status for status, _ in answers} == {200}
    await until(lambda: telegram.count("sendMessage") >= len(addresses))
    await until(lambda: rests(server))
    assert server.rows("SELECT state, count(*) FROM attachment GROUP BY 1") == [("stored", len(addresses))]
    assert await canaries.callers() == []


async def test_words_and_files_of_visitors_are_called_by_nobody(server: ServerProcess, canaries: Canaries) -> None:
    addresses = canaries.addresses()
    for start in range(0, len(addresses), MOST_WORDS):
        await says_all(server, addresses[start : start + MOST_WORDS])
    async with a_visitor(server) as visitor:
        for address in addresses[:: len(addresses) // MOST_UPLOADS + 1]:
            await uploads(server, visitor, address)
    await until(lambda: rests(server))
    assert await canaries.callers() == []


async def says_all(server: ServerProcess, addresses: list[str]) -> None:
    """A visitor, and an answer to each word."""
    async with a_visitor(server) as visitor:
        for address in addresses:
            assert (await visitor.says(f"look {address}", data=address[:64], label=address[:64]))["ok"] is True
        await visitor.hears(lambda: len(visitor.texts) >= 2 * len(addresses))


async def uploads(server: ServerProcess, visitor: Browser, name: str) -> None:
    """A file that is called like an address."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {visitor.token}"}) as client,
        client.post(f"{server.url}/api/chat/files", params={"name": name}, data=PAPER) as answer,
    ):
        assert answer.status == 201, await answer.text()
        told = await answer.json()
    assert (await visitor.says("see", files=[told["id"]]))["ok"] is True


async def test_no_request_makes_a_proxy_of_the_server(server: ServerProcess, canaries: Canaries) -> None:
    for address in canaries.addresses():
        for line in (f"GET {address}", f"CONNECT {canaries.at('127.0.0.1')}", "GET /"):
            status = await asks(server, f"{line} HTTP/1.1", " ".join(address.split()))
            assert 200 <= status < 500, (line, address)
    assert await canaries.callers() == []


async def asks(server: ServerProcess, line: str, address: str) -> int:
    """The status of a request whose every header is this address."""
    names = ("Host", "Referer", "Origin", "Forwarded", "X-Forwarded-Host", "X-Forwarded-For", "X-Original-URL")
    headers = "".join(f"{name}: {address}\r\n" for name in names)
    async with asyncio.timeout(10), a_connection(server) as (reader, writer):
        writer.write(f"{line}\r\n{headers}Connection: close\r\n\r\n".encode())
        return int((await reader.readline()).split()[1])


async def test_a_file_store_that_sends_us_elsewhere_is_not_followed(canaries: Canaries) -> None:
    left, codes = canaries.addresses(), cycle((301, 302, 303, 307, 308))
    regions = cycle(({}, {"x-amz-bucket-region": "eu-west-1"}))

    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=next(codes), headers={"Location": " ".join(left.pop().split())} | next(regions))

    async with RawTestServer(moved) as there:
        at = str(there.make_url("")).rstrip("/")
        store = S3Storage(S3Settings("minio", "files", "us-east-1", at, "key", "secret"), attempts=1)
        while len(left) > 4:  # as many questions as one file may be worth
            with pytest.raises((StorageUnavailable, FileMissing)):
                await anext(store.open("a/b"))
        await store.close()
    assert await canaries.callers() == []
