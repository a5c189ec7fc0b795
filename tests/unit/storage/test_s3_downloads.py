"""S3 storage reads one version of a file to its end, though the line is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import aiohttp
import pytest
from yarl import URL

from bot.core.errors import StorageUnavailable
from bot.storage.s3 import S3Settings, S3Storage
from bot.storage.s3_transfer import Sleep
from tests.unit.storage.s3_script import KEY, MB, TEA, Answer, Script, no_sleep, opened, read, refusal, stream


class Scissors:
    """A proxy that ends a connection after so many bytes of its first answer's body: one number a connection."""

    def __init__(self, target: str, cuts: list[int]) -> None:
        self.target = URL(target)
        self.cuts = cuts
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        budget = self.cuts.pop(0) if self.cuts else None
        far_reader, far_writer = await asyncio.open_connection(self.target.host, self.target.port)
        there = asyncio.create_task(pipe(reader, far_writer, None))
        if budget is not None:
            writer.write(await far_reader.readuntil(b"\r\n\r\n"))
        back = asyncio.create_task(pipe(far_reader, writer, budget))
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, far_writer):
            end.close()  # what was written still arrives
        await asyncio.wait([there, back])


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None) -> None:
    with suppress(ConnectionError):
        while budget is None or budget > 0:
            data = await reader.read(64 * 1024 if budget is None else min(budget, 64 * 1024))
            if not data:
                return
            budget = None if budget is None else budget - len(data)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting(
    settings: S3Settings, *cuts: int, sleep: Sleep = no_sleep
) -> AsyncIterator[tuple[Scissors, S3Storage]]:
    scissors = Scissors(settings.endpoint or "", list(cuts))
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(scissors.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with opened(replace(settings, endpoint=f"http://{host}:{port}"), sleep=sleep) as storage:
        yield scissors, storage
    server.close()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("content_range", [{}, {"Content-Range": "bytes 0-9/10"}, {"Content-Range": "bytes 3-9/*"}])
async def test_a_store_that_ignores_ranges_is_found_out(
    scripted: tuple[Script, S3Storage], content_range: dict[str, str]
) -> None:
    script, storage = scripted
    script.will(Answer(body="0123456789", headers={"ETag": '"e"'} | content_range))
    with pytest.raises(StorageUnavailable, match="ignores Range"):
        [block async for block in storage.open(KEY, start=3)]


async def test_a_download_goes_on_where_it_was_cut(real: S3Settings) -> None:
    async with opened(real) as storage:
        await storage.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
    cuts = [MB, 0, 1, MB // 2 + 7, 5, 5, 5, 5, 5, 5]
    async with cutting(real, *cuts) as (scissors, storage):
        blocks = [block async for block in storage.open(KEY, start=11, end=len(TEA) - 5)]
    assert b"".join(blocks) == TEA[11:-5]
    assert scissors.connections == len(cuts) + 1


async def test_a_download_that_gets_nowhere_gives_up(real: S3Settings) -> None:
    async with opened(real) as storage:
        await storage.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with cutting(real, *[1000, *[0] * 99], sleep=sleep) as (scissors, storage):
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            await read(storage)
    assert waits == [0.25, 0.5, 1.0, 2.0]
    assert scissors.connections == 6


async def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed(real: S3Settings) -> None:
    async with opened(real) as direct:
        await direct.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
        async with cutting(real, MB) as (_, storage):
            reading = storage.open(KEY)
            await anext(reading)
            await direct.put(KEY, stream(TEA[::-1]), media_type="text/plain", limit=len(TEA))
            with pytest.raises(StorageUnavailable, match="was replaced while it was read"):
                [block async for block in reading]


async def test_a_replaced_file_is_refused_by_the_store_itself(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    cut = Answer(body="0123", headers={"ETag": '"e"', "Content-Range": "bytes 0-3/10"})
    script.will(cut, refusal(412, "PreconditionFailed"))
    with pytest.raises(StorageUnavailable, match="was replaced while it was read"):
        [block async for block in storage.open(KEY, end=10)]
    assert script.asked[1].headers["Range"] == "bytes=4-9"
    assert script.asked[1].headers["If-Match"] == '"e"'


async def test_a_link_downloads_one_file_under_its_name_and_no_other(real: S3Settings) -> None:
    async with opened(real) as storage, aiohttp.ClientSession() as browser:
        await storage.put(KEY, stream(b"tea"), media_type="text/plain", limit=9)
        link = await storage.link(KEY, seconds=60, filename="茶.txt")
        async with browser.get(URL(link, encoded=True)) as answer:
            assert await answer.read() == b"tea"
            assert (
                answer.headers["Content-Disposition"]
                == "attachment; filename=\"_.txt\"; filename*=UTF-8''%E8%8C%B6.txt"
            )
        async with browser.get(URL(link.replace("abc", "abd"), encoded=True)) as answer:
            assert answer.status == 403
