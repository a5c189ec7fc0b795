"""A number of WhatsApp, the server it talks to, and Ann, who has just written to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.whatsapp import Settings, WhatsAppChannel
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.meta_stage import VERIFY
from tests.kit.platforms.around import around
from tests.kit.platforms.whatsapp import NUMBER, WhatsAppServer, WhatsAppUser


@pytest.fixture
async def server() -> AsyncIterator[WhatsAppServer]:
    async with WhatsAppServer() as server:
        yield server


@pytest.fixture
def settings(server: WhatsAppServer) -> Settings:
    return Settings.model_validate(
        {
            "app_secret": server.secret,
            "verify_token": VERIFY,
            "access_token": server.token,
            "phone_number_id": NUMBER,
            "media_hosts": ["127.0.0.1"],
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
def circumstances(server: WhatsAppServer) -> Circumstances:
    return Circumstances(timeout=10, allows=lambda _: True, clock=lambda: server.now)


@pytest.fixture
async def channel(settings: Settings, shelf: Shelf, circumstances: Circumstances) -> AsyncIterator[WhatsAppChannel]:
    channel = WhatsAppChannel(settings, around("whatsapp", shelf.open), circumstances)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(settings: Settings, shelf: Shelf) -> AsyncIterator[WhatsAppChannel]:
    channel = WhatsAppChannel(settings, around("whatsapp", shelf.open), Circumstances(timeout=0.1))
    yield channel
    await channel.stop()


@pytest.fixture
def ann(server: WhatsAppServer) -> WhatsAppUser:
    return server.user("16505551234")
