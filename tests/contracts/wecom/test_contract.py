"""WeCom's customer service keeps the contract of every channel."""

from __future__ import annotations

import pytest

from bot.channels.wecom import WeCom
from bot.core.ports import Channel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.wecom.conftest import Open
from tests.kit.platforms.wecom import WeComPerson, WeComServer


class TestWeCom(ChannelContract):
    """A doorbell, and what is pulled after it."""

    @pytest.fixture
    async def stage(
        self, make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, shelf: Shelf, hook: Hook
    ) -> Stage:
        channel = make()
        hook.hears(channel, server)
        ann.session.left, ann.session.until = 100, server.shelf.now() + 48 * 3600
        return Stage(
            channel=channel,
            hurried=make(timeout=0.2),
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="send_msg",
            start=lambda: channel.start(inbox.accept),
            captions=False,
        )


def test_the_port_is_filled(channel: WeCom) -> None:
    assert isinstance(channel, Channel)
