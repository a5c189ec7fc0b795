"""QQ keeps the contract of every channel: in a private chat, in a group, and where the bot may write unasked."""

from __future__ import annotations

import pytest

from bot.channels.qq import QqChannel
from bot.core.ports import ORDINARY, Occasion
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.qq.conftest import Make
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.qq_chats import QqChat


def staged(
    channel: QqChannel,
    hurried: QqChannel,
    server: QqServer,
    chat: QqChat,
    inbox: Inbox,
    shelf: Shelf,
    hook: Hook,
    occasion: Occasion,
) -> Stage:
    hook.hears(channel, server)
    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=chat,
        inbox=inbox,
        shelf=shelf,
        send_method="group_messages" if chat.in_group else "messages",
        start=lambda: channel.start(inbox.accept),
        occasion=occasion,
    )


class TestPrivate(ChannelContract):
    """What somebody wrote is answered."""

    @pytest.fixture
    def stage(self, make: Make, server: QqServer, ann: QqChat, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        answering = Occasion(token=f"msg:{ann.newest}")
        return staged(make(), make(timeout=0.1), server, ann, inbox, shelf, hook, answering)


class TestGroup(ChannelContract):
    """What somebody in a group said to the bot is answered."""

    @pytest.fixture
    def stage(self, make: Make, server: QqServer, teahouse: QqChat, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        answering = Occasion(token=f"msg:{teahouse.newest}")
        return staged(make(), make(timeout=0.1), server, teahouse, inbox, shelf, hook, answering)


class TestProactive(ChannelContract):
    """Nobody wrote, and the bot may all the same."""

    @pytest.fixture
    def stage(self, make: Make, server: QqServer, ann: QqChat, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        server.proactive = True
        channel, hurried = make(proactive=True), make(timeout=0.1, proactive=True)
        return staged(channel, hurried, server, ann, inbox, shelf, hook, ORDINARY)
