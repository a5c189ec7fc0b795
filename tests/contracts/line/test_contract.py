"""LINE keeps the contract of every channel, by push and by reply token."""

from __future__ import annotations

import pytest

from bot.channels.line import LineChannel
from bot.core.ports import Occasion
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.kit.platforms.line import LineServer, LineUser


class TestPushed(ChannelContract):
    """By push, which has a retry key."""

    @pytest.fixture
    def stage(
        self,
        channel: LineChannel,
        hurried: LineChannel,
        server: LineServer,
        ann: LineUser,
        inbox: Inbox,
        shelf: Shelf,
        hook: Hook,
    ) -> Stage:
        return Stage(
            channel=channel,
            hurried=hurried,
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="push",
            start=lambda: channel.start(inbox.accept),
            captions=False,
            uploads=False,
        )


class TestReplied(TestPushed):
    """By the token of what Ann did last."""

    @pytest.fixture(autouse=True)
    def answers(self, stage: Stage, server: LineServer, ann: LineUser) -> None:
        stage.occasion = Occasion(server.reply_token(ann))
        stage.send_method = "reply"
