"""A number of WhatsApp, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.whatsapp import Settings, WhatsAppChannel
from tests.contracts.meta_stage import channel, circumstances, hook, hurried  # noqa: F401 - fixtures
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.whatsapp import WhatsAppServer, WhatsAppUser


@pytest.fixture
def adapter() -> type[WhatsAppChannel]:
    return WhatsAppChannel


@pytest.fixture
async def server() -> AsyncIterator[WhatsAppServer]:
    async with WhatsAppServer() as server:
        yield server


@pytest.fixture
def settings(server: WhatsAppServer) -> Settings:
    return Settings.model_validate(stage_of("whatsapp").table(server))


@pytest.fixture
def ann(server: WhatsAppServer) -> WhatsAppUser:
    return server.user("16505551234")
