"""An official account, the WeChat it talks to, and Ann, who follows it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.channels.wechat import Settings, WeChat
from tests.contracts.channel_contract import Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.wechat import WeChatPerson, WeChatServer

Open = Callable[..., WeChat]


def settings(server: WeChatServer, **more: Any) -> Settings:
    return Settings.model_validate({**stage_of("wechat").table(server), "holds": 0.3, **more})


@pytest.fixture
async def server() -> AsyncIterator[WeChatServer]:
    async with WeChatServer() as server:
        yield server


@pytest.fixture
def ann(server: WeChatServer) -> WeChatPerson:
    return server.person()


@pytest.fixture
async def make(server: WeChatServer, shelf: Shelf, hook: Hook) -> AsyncIterator[Open]:
    """Opens the account; what is not given is as in the fake WeChat. The web side hears for the first."""
    made: list[WeChat] = []

    def opened(
        *, timeout: float = 10, allows: Any = None, commands: Any = (), notes: Any = None, **more: Any
    ) -> WeChat:
        surroundings = around("wechat", shelf.open, calls=hook.calls, notes=notes)
        surroundings = replace(surroundings, commands_in={"zh": commands})
        channel = WeChat(settings(server, **more), surroundings, timeout=timeout, allows=allows or (lambda _: True))
        made.append(channel)
        hook.channel = made[0]
        return channel

    yield opened
    for channel in made:
        await channel.stop()


@pytest.fixture
def channel(make: Open) -> WeChat:
    return make()
