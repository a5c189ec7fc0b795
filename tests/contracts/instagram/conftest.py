"""An account at Instagram, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.instagram import InstagramChannel, Settings
from tests.contracts.meta_stage import channel, circumstances, hook, hurried  # noqa: F401 - fixtures
from tests.kit.platforms.meta import InstagramServer, MetaUser
from tests.kit.platforms.stages import stage_of


@pytest.fixture
def adapter() -> type[InstagramChannel]:
    return InstagramChannel


@pytest.fixture
async def server() -> AsyncIterator[InstagramServer]:
    async with InstagramServer() as server:
        yield server


@pytest.fixture
def settings(server: InstagramServer) -> Settings:
    return Settings.model_validate(stage_of("instagram").table(server))


@pytest.fixture
def ann(server: InstagramServer) -> MetaUser:
    return server.user("1784140000000042")
