"""A Page at Messenger, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.messenger import MessengerChannel, Settings
from tests.contracts.meta_stage import channel, circumstances, hook, hurried  # noqa: F401 - fixtures
from tests.kit.platforms.meta import MessengerServer, MetaUser
from tests.kit.platforms.stages import stage_of


@pytest.fixture
def adapter() -> type[MessengerChannel]:
    return MessengerChannel


@pytest.fixture
async def server() -> AsyncIterator[MessengerServer]:
    async with MessengerServer() as server:
        yield server


@pytest.fixture
def settings(server: MessengerServer) -> Settings:
    return Settings.model_validate(
        {**stage_of("messenger").table(server), "access_token": server.token, "system_token": ""}
    )


@pytest.fixture
def ann(server: MessengerServer) -> MetaUser:
    return server.user("6543210987654321", "Ann", "zh_CN")
