"""Messenger keeps the contract of every channel, through the web side."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.messenger import MessengerChannel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.meta_stage import staged
from tests.kit.platforms.meta import MessengerServer, MetaUser


class TestMessenger(ChannelContract):
    """By webhook."""

    @pytest.fixture
    async def stage(
        self,
        channel: MessengerChannel,
        hurried: MessengerChannel,
        server: MessengerServer,
        ann: MetaUser,
        inbox: Inbox,
        shelf: Shelf,
    ) -> AsyncIterator[Stage]:
        async with Hook(inbox.accept) as hook:
            yield staged(channel, hurried, server, ann, inbox, shelf, hook, captions=False)
