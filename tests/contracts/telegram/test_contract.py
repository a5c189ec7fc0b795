"""Telegram keeps the contract of every channel, by long polling and by webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.ports import Channel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

SECRET = "s3cret-Token_of_the_hook"


def staged(
    channel: TelegramChannel,
    hurried: TelegramChannel,
    server: TelegramServer,
    ann: TelegramUser,
    inbox: Inbox,
    shelf: Shelf,
) -> Stage:
    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=ann,
        inbox=inbox,
        shelf=shelf,
        send_method="sendMessage",
        start=lambda: channel.start(inbox.accept),
    )


class TestPulled(ChannelContract):
    """By long polling."""

    @pytest.fixture
    def stage(
        self,
        channel: TelegramChannel,
        hurried: TelegramChannel,
        server: TelegramServer,
        ann: TelegramUser,
        inbox: Inbox,
        shelf: Shelf,
    ) -> Stage:
        return staged(channel, hurried, server, ann, inbox, shelf)


class TestHooked(ChannelContract):
    """By webhook."""

    @pytest.fixture
    async def stage(
        self,
        settings: TelegramSettings,
        hurried: TelegramChannel,
        server: TelegramServer,
        ann: TelegramUser,
        inbox: Inbox,
        shelf: Shelf,
        hook: Hook,
    ) -> AsyncIterator[Stage]:
        channel = TelegramChannel(replace(settings, webhook_url=hook.url, webhook_secret=SECRET), shelf.open)
        hook.channel = channel
        yield staged(channel, hurried, server, ann, inbox, shelf)
        await channel.stop()

    async def test_a_stopped_channel_hears_nothing(self, stage: Stage) -> None:
        await stage.start()
        await stage.channel.stop()
        assert stage.platform.count("setWebhook") == 1
        assert stage.platform.count("deleteWebhook") == 0  # updates wait at Telegram meanwhile


async def test_the_port_is_filled(channel: TelegramChannel) -> None:
    assert isinstance(channel, Channel)
