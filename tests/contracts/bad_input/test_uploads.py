"""Uploads that are too large or too slow are cut, and hold up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp

from tests.contracts.bad_input.wire import HOOK, MIB, a_connection, token_of, until
from tests.kit.server_process import ServerProcess


async def test_three_gigabytes_announced_are_refused_before_they_come(server: ServerProcess) -> None:
    token, before = await token_of(server), server.stored()
    head = (
        f"POST /api/chat/files?name=big.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Length: {3 * 1024**3}\r\n\r\n"
    )
    async with asyncio.timeout(5), a_connection(server) as (reader, writer):
        writer.write(head.encode() + b"x" * 1000)
        assert (await reader.readline()).split()[1] == b"413"
        assert b"2 MB" in await reader.read(4096)
    assert (server.stored(), server.count("attachment")) == (before, 0)


async def test_three_gigabytes_that_nobody_announced_are_cut_at_the_limit(
    server: ServerProcess, client: aiohttp.ClientSession
) -> None:
    token, before, sent = await token_of(server), server.stored(), 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(3 * 1024):
            sent += MIB
            yield b"x" * MIB

    try:
        async with client.post(
            f"{server.url}/api/chat/files?name=big.bin", data=endless(), headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert (response.status, "2 MB" in await response.text()) == (413, True)
    except aiohttp.ClientConnectionError:
        pass  # it may close while we still send
    assert sent < 64 * MIB
    await until(lambda: server.stored() == before)
    assert server.count("attachment") == 0


async def test_bodies_that_hardly_come_hold_up_nobody(server: ServerProcess, client: aiohttp.ClientSession) -> None:
    token, before = await token_of(server), server.stored()
    picture = b"\x89PNG\r\n\x1a\n" + b"\0" * 70_000
    real = {"Authorization": f"Bearer {await token_of(server)}"}
    async with AsyncExitStack() as slow:
        for path in [HOOK] * 10 + ["/api/chat/files?name=a.png"] * 10:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 500000\r\n\r\n"
            _, writer = await slow.enter_async_context(a_connection(server))
            writer.write(head.encode() + picture)
        async with asyncio.timeout(5):
            upload = f"{server.url}/api/chat/files?name=b.png"
            async with client.post(upload, data=a_picture(), headers=real) as response:
                assert response.status == 201, await response.text()
    await until(lambda: len(server.stored()) == len(before) + 3)  # the picture, as shown, and small; no draft


def a_picture() -> bytes:
    """A small real one."""
    from tests.kit.telegram_user import picture

    return picture()
