"""An account of X, the server it talks to, and Ann, who writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.x import Settings, XChannel
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.x import XServer, XUser

Make = Callable[..., XChannel]


@pytest.fixture
async def server() -> AsyncIterator[XServer]:
    async with XServer() as server:
        yield server


@pytest.fixture
async def make(shelf: Shelf, naps: list[float]) -> AsyncIterator[Make]:
    """Makes a channel at a server, with some settings of its own."""
    made: list[XChannel] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    def make(server: XServer, timeout: float = 10.0, **own: Any) -> XChannel:
        settings = Settings.model_validate({**stage_of("x").table(server), **own})
        surroundings = around("x", shelf.open)
        made.append(XChannel(settings, surroundings, timeout=timeout, allows=lambda _: True, sleep=sleep))
        return made[-1]

    yield make
    for channel in made:
        await channel.stop()


@pytest.fixture
def channel(make: Make, server: XServer) -> XChannel:
    return make(server)


@pytest.fixture
def ann(server: XServer) -> XUser:
    return server.user("3001969357")


@pytest.fixture
def hook(hook: Hook, channel: XChannel, server: XServer) -> Hook:
    return hook.hears(channel, server)
