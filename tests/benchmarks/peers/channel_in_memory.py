"""Parley's Telegram channel alone: verify, parse, send; nothing kept. What the wire itself costs.

python -m tests.benchmarks.peers.channel_in_memory PORT API_BASE SECRET
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import web

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.message import Attachment, Inbound, Wire
from bot.core.ports import HookRequest


class Bot:
    """Answers each message after its 200, one at a time in each chat."""

    def __init__(self, channel: TelegramChannel) -> None:
        self._channel = channel
        self._lanes: dict[str, asyncio.Queue[Inbound]] = {}
        self._workers: set[asyncio.Task[None]] = set()

    async def hook(self, request: web.Request) -> web.Response:
        """One webhook call."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self._channel.verify(HookRequest("POST", request.path, {}, headers, body))
        for inbound in self._channel.parse(body):
            self._lane(inbound.lane).put_nowait(inbound)
        return web.Response()

    def _lane(self, name: str) -> asyncio.Queue[Inbound]:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = asyncio.Queue()
            self._workers.add(asyncio.create_task(self._work(lane)))
        return lane

    async def _work(self, lane: asyncio.Queue[Inbound]) -> None:
        while True:
            inbound = await lane.get()
            wire = Wire(f"You said: {inbound.text}")
            await self._channel.send(inbound.sender, wire, inbound.key)


async def no_files(_file: Attachment) -> AsyncIterator[bytes]:
    """An echo has none."""
    yield b""


async def serve(port: int, api_base: str, secret: str) -> None:
    """Serve until stopped."""
    channel = TelegramChannel(TelegramSettings(token="42:TEST", api_base=api_base, webhook_secret=secret), no_files)
    app = web.Application()
    app.router.add_post("/hooks/telegram", Bot(channel).hook)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    gc.collect()
    gc.freeze()  # else the collector walks aiogram's thousands of classes all the time
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
