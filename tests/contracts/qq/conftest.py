"""A QQ bot, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.qq import QqChannel, Settings
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.qq_chats import QqChat
from tests.kit.platforms.stages import stage_of

Make = Callable[..., QqChannel]


@pytest.fixture
async def server() -> AsyncIterator[QqServer]:
    async with QqServer() as server:
        yield server


@pytest.fixture
async def make(server: QqServer, shelf: Shelf, notes: MemoryNotes) -> AsyncIterator[Make]:
    """Makes a channel with some settings of its own."""
    made: list[QqChannel] = []

    def make(timeout: float = 10.0, **own: Any) -> QqChannel:
        settings = Settings.model_validate({**stage_of("qq").table(server), **own})
        channel = QqChannel(settings, around("qq", shelf.open, notes=notes), timeout=timeout, allows=lambda _: True)
        made.append(channel)
        return channel

    yield make
    for channel in made:
        await channel.stop()


@pytest.fixture
def channel(make: Make) -> QqChannel:
    return make()


@pytest.fixture
def ann(server: QqServer) -> QqChat:
    ann = server.user("E4F4AEA33253A2797FB897C50B81D7ED")
    ann.writes()
    return ann


@pytest.fixture
def teahouse(server: QqServer) -> QqChat:
    """A group."""
    teahouse = server.group("C9F778FE6ADF9D1D1DBE395BF744A33A")
    teahouse.writes()
    return teahouse


@pytest.fixture
def hook(hook: Hook, channel: QqChannel, server: QqServer) -> Hook:
    return hook.hears(channel, server)
