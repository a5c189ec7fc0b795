"""A company's desks, the WeCom it talks to, and Ann, who writes to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.wecom import Settings, WeCom
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.wecom import WeComPerson, WeComServer

Open = Callable[..., WeCom]


def settings(server: WeComServer, **more: Any) -> Settings:
    return Settings.model_validate({**stage_of("wecom").table(server), **more})


@pytest.fixture
async def server() -> AsyncIterator[WeComServer]:
    async with WeComServer() as server:
        yield server


@pytest.fixture
def ann(server: WeComServer) -> WeComPerson:
    return server.person()


@pytest.fixture
async def make(
    server: WeComServer, shelf: Shelf, hook: Hook, notes: MemoryNotes, naps: list[float]
) -> AsyncIterator[Open]:
    """Opens the account; several share their notes, as nodes do. The web side hears for the first."""
    made: list[WeCom] = []

    async def sleep(seconds: float) -> None:
        naps.append(seconds)
        await asyncio.sleep(0)

    def opened(*, timeout: float = 10, **more: Any) -> WeCom:
        surroundings = around("wecom", shelf.open, notes=notes)
        channel = WeCom(settings(server, **more), surroundings, timeout=timeout, sleep=sleep)
        made.append(channel)
        hook.channel = made[0]
        return channel

    yield opened
    for channel in made:
        await channel.stop()


@pytest.fixture
def channel(make: Open) -> WeCom:
    return make()
