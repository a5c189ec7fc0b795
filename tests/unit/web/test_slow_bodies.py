"""Bodies that hardly come: given up with 408 after a grace, and nothing of them stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.web.running import Browser, Site, site
from web.settings import WebSettings


@pytest.fixture
async def hurried(tmp_path: Path) -> AsyncIterator[Site]:
    """A site that waits a tenth of a second for a body."""
    async with site(tmp_path, WebSettings(body_grace=0.1)) as running:
        yield running


async def answer_to(running: Site, head: str, body: bytes) -> bytes:
    """What comes back for half a body that is never finished."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.settings.port)
    try:
        writer.write(f"{head}\r\nHost: x\r\nContent-Length: 5000\r\n\r\n".encode() + body)
        async with asyncio.timeout(30):
            return await reader.readuntil(b"\r\n\r\n") + await reader.read(2000)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_call_that_hardly_comes_is_given_up(hurried: Site) -> None:
    origin = f"Origin: {hurried.url}"
    answer = await answer_to(hurried, f"POST /api/desk/login HTTP/1.1\r\n{origin}", b'{"login": ')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"The connection was too slow. Please try again." in answer


async def test_an_upload_that_hardly_comes_is_given_up_and_leaves_nothing(hurried: Site, tmp_path: Path) -> None:
    visitor = await Browser(hurried.url).opens()
    head = f"POST /api/chat/files?name=a.bin HTTP/1.1\r\nAuthorization: Bearer {visitor.token}"
    answer = await answer_to(hurried, head, b"x" * 100)
    assert answer.startswith(b"HTTP/1.1 408")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    await visitor.leaves()
