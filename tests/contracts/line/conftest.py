"""A LINE account, the server it talks to, and Ann, who follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.line import LineChannel, Settings
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.line import LineServer, LineUser
from tests.kit.platforms.stages import stage_of


@pytest.fixture
async def server(shelf: Shelf) -> AsyncIterator[LineServer]:
    async with LineServer() as server:
        server.internet = shelf.at
        yield server


@pytest.fixture
def settings(server: LineServer) -> Settings:
    return Settings.model_validate(stage_of("line").table(server))


@pytest.fixture
async def channel(settings: Settings, shelf: Shelf, naps: list[float]) -> AsyncIterator[LineChannel]:
    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    surroundings = around("line", shelf.open, link=shelf.link, preview=shelf.preview)
    channel = LineChannel(settings, surroundings, allows=lambda _: True, sleep=sleep)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(settings: Settings, shelf: Shelf) -> AsyncIterator[LineChannel]:
    channel = LineChannel(settings.model_copy(update={"timeout": 0.1}), around("line", shelf.open))
    yield channel
    await channel.stop()


@pytest.fixture
def ann(server: LineServer) -> LineUser:
    return server.person("U" + "a1" * 16)


@pytest.fixture
def hook(hook: Hook, channel: LineChannel, server: LineServer) -> Hook:
    return hook.hears(channel, server)
