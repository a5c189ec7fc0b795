"""E-mail keeps the contract of every channel."""

from __future__ import annotations

import pytest

from bot.channels.email import EmailChannel
from bot.core.ports import Channel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.email.conftest import Open
from tests.kit.platforms.email import EmailServer
from tests.kit.platforms.letters import EmailPerson


class TestEmail(ChannelContract):
    """Over IMAP and SMTP."""

    @pytest.fixture
    def stage(self, make: Open, server: EmailServer, ann: EmailPerson, inbox: Inbox, shelf: Shelf) -> Stage:
        channel = make()
        return Stage(
            channel=channel,
            hurried=make(timeout=0.2),
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="DATA",
            start=lambda: channel.start(inbox.accept),
        )


def test_the_port_is_filled(channel: EmailChannel) -> None:
    assert isinstance(channel, Channel)
