"""An account at Instagram, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.instagram import InstagramChannel, Settings
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.meta_stage import VERIFY
from tests.kit.platforms.around import around
from tests.kit.platforms.meta import InstagramServer, MetaUser


@pytest.fixture
async def server() -> AsyncIterator[InstagramServer]:
    async with InstagramServer() as server:
        yield server


@pytest.fixture
def settings(server: InstagramServer) -> Settings:
    return Settings.model_validate(
        {
            "app_secret": server.secret,
            "verify_token": VERIFY,
            "access_token": server.token,
            "account_id": server.home,
            "page_id": server.page,
            "api_base": server.base,
        }
    )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def circumstances(server: InstagramServer) -> Circumstances:
    return Circumstances(timeout=10, allows=lambda _: True, clock=lambda: server.now)


@pytest.fixture
async def channel(settings: Settings, shelf: Shelf, circumstances: Circumstances) -> AsyncIterator[InstagramChannel]:
    channel = InstagramChannel(settings, around("instagram", shelf.open), circumstances)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(settings: Settings, shelf: Shelf) -> AsyncIterator[InstagramChannel]:
    channel = InstagramChannel(settings, around("instagram", shelf.open), Circumstances(timeout=0.1))
    yield channel
    await channel.stop()


@pytest.fixture
def ann(server: InstagramServer) -> MetaUser:
    return server.user("1784140000000042")
