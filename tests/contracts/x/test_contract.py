"""X keeps the contract of every channel, by both of its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.x import XChannel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.x.conftest import Make
from tests.kit.platforms.x import XServer


def staged(server: XServer, channel: XChannel, hurried: XChannel, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
    hook.hears(channel, server)
    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=server.user("3001969357"),
        inbox=inbox,
        shelf=shelf,
        send_method="messages",
        start=lambda: channel.start(inbox.accept),
    )


class TestAccountActivity(ChannelContract):
    """By the older webhook, with OAuth 1.0a."""

    @pytest.fixture
    def stage(self, make: Make, server: XServer, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        return staged(server, make(server), make(server, 0.1), inbox, shelf, hook)


class TestActivity(ChannelContract):
    """By the newer webhook."""

    @pytest.fixture
    async def stage(self, make: Make, inbox: Inbox, shelf: Shelf, hook: Hook) -> AsyncIterator[Stage]:
        async with XServer(activity=True) as server:
            yield staged(server, make(server), make(server, 0.1), inbox, shelf, hook)
