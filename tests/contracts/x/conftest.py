"""An account of X, the server it talks to, and Ann, who writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot.channels.x import Settings, XChannel
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.x import XServer, XUser

Make = Callable[..., XChannel]


@pytest.fixture
async def server() -> AsyncIterator[XServer]:
    async with XServer() as server:
        yield server


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def make(shelf: Shelf) -> AsyncIterator[Make]:
    """Makes a channel at a server, with some settings of its own."""
    made: list[XChannel] = []

    def make(server: XServer, timeout: float = 10.0, **own: Any) -> XChannel:
        known = {
            "consumer_key": server.consumer_key,
            "consumer_secret": server.consumer_secret,
            "access_token": server.token,
            "access_secret": server.token_secret,
            "api_base": server.base,
            "media_hosts": ("127.0.0.1",),
        }
        settings = Settings.model_validate(known | own)
        made.append(XChannel(settings, around("x", shelf.open), timeout=timeout, allows=lambda _: True))
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
async def hook(channel: XChannel, inbox: Inbox, server: XServer) -> AsyncIterator[Hook]:
    async with Hook(inbox.accept) as hook:
        hook.channel = channel
        server.posts_to(hook.url)
        yield hook
