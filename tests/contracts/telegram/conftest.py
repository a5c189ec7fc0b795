"""A Telegram channel, the server it talks to, and Ann, who writes to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.telegram import TelegramChannel, TelegramSettings
from tests.contracts.channel_contract import Shelf
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

SECRET = "s3cret-Token_of_the_hook"


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def settings(server: TelegramServer) -> TelegramSettings:
    return TelegramSettings(token=server.token, api_base=server.base, timeout=10, poll=1)


@pytest.fixture
async def channel(settings: TelegramSettings, shelf: Shelf, naps: list[float]) -> AsyncIterator[TelegramChannel]:
    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    secret = replace(settings, webhook_secret=SECRET)
    channel = TelegramChannel(secret, shelf.open, sleep=sleep)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(settings: TelegramSettings, shelf: Shelf) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(replace(settings, timeout=0.1), shelf.open)
    yield channel
    await channel.stop()


@pytest.fixture
def ann(server: TelegramServer) -> TelegramUser:
    return server.user(42, "Ann", "zh-hans")
