"""An account of Weibo, the server it talks to, and a fan who has just written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.weibo import Settings, WeiboChannel
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.weibo import Fan, WeiboServer

Make = Callable[..., WeiboChannel]
COMMANDS = (("/order", "点单"), ("/review", "评价"))


@pytest.fixture
async def server(shelf: Shelf) -> AsyncIterator[WeiboServer]:
    async with WeiboServer() as server:
        server.internet = shelf.at
        yield server


@pytest.fixture
async def make(shelf: Shelf, hook: Hook) -> AsyncIterator[Make]:
    """Makes a channel at a server, with some settings of its own; the web side hears for the first."""
    made: list[WeiboChannel] = []
    notes = MemoryNotes()

    def make(server: WeiboServer, timeout: float = 10.0, **own: Any) -> WeiboChannel:
        known = {**stage_of("weibo").table(server), "holds": 0.01}
        given = around("weibo", shelf.open, calls=hook.calls, notes=notes)
        surroundings = replace(given, given=shelf.link, commands_in={"zh": COMMANDS})
        made.append(WeiboChannel(Settings.model_validate(known | own), surroundings, timeout=timeout))
        hook.channel = made[0]
        return made[-1]

    yield make
    for channel in made:
        await channel.stop()


@pytest.fixture
def fan(server: WeiboServer) -> Fan:
    return server.fan()
