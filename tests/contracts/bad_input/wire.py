"""What may come over the wire, well and badly made."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from itertools import count
from typing import Any

import aiohttp

from tests.kit.server_process import SECRET, ServerProcess
from tests.unit.web.running import Browser

HOOK = "/hooks/telegram"
SIGNED = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
MIB = 1024 * 1024
NUMBERS = count(50_000)
Json = dict[str, Any]


def an_update(text: object = "hello", chat: int = 42, **more: object) -> Json:
    """A text message, as Telegram posts it."""
    person = {"id": chat, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    message = {
        "message_id": 1,
        "date": 1760000000,
        "chat": {"id": chat, "type": "private", "first_name": "Ann"},
        "from": person,
        "text": text,
    }
    return {"update_id": next(NUMBERS), "message": message | more}


async def posts(client: aiohttp.ClientSession, url: str, body: object, **headers: str) -> tuple[int, str]:
    """The status and the answer to a webhook call."""
    data = BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
    async with client.post(url + HOOK, data=data, headers=headers or SIGNED) as response:
        return response.status, await response.text()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_visitor(server: ServerProcess) -> AsyncIterator[Browser]:
    """A socket of the web chat."""
    browser = await Browser(server.url).opens()
    try:
        yield browser
    finally:
        await browser.leaves()


@asynccontextmanager
async def a_connection(server: ServerProcess) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Bare bytes to the server."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def token_of(server: ServerProcess) -> str:
    """The token of a new visitor."""
    async with a_visitor(server) as visitor:
        assert visitor.token is not None
        return visitor.token
