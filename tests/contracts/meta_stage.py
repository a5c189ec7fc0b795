"""What Messenger, Instagram and WhatsApp are tried with; their conftest.py say which of them, and as whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels._meta.channel import Circumstances, MetaChannel
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.graph import GraphServer

VERIFY = "our-own-words"


def signed(server: GraphServer, body: bytes, secret: str = "") -> HookRequest:
    """A genuine webhook call."""
    told = server.signature(body, secret)["X-Hub-Signature-256"]
    return HookRequest("POST", "/hook", {}, {"x-hub-signature-256": told}, body)


@pytest.fixture
def circumstances(server: GraphServer) -> Circumstances:
    return Circumstances(timeout=10, allows=lambda _: True, clock=lambda: server.now)


@pytest.fixture
async def channel(
    adapter: type[Any], settings: Any, shelf: Shelf, circumstances: Circumstances
) -> AsyncIterator[MetaChannel]:
    channel = adapter(settings, around(_account(adapter), shelf.open, link=shelf.link), circumstances)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(adapter: type[Any], settings: Any, shelf: Shelf) -> AsyncIterator[MetaChannel]:
    channel = adapter(settings, around(_account(adapter), shelf.open), Circumstances(timeout=0.1))
    yield channel
    await channel.stop()


@pytest.fixture
def hook(hook: Hook, channel: MetaChannel, server: GraphServer) -> Hook:
    return hook.hears(channel, server)


class MetaContract(ChannelContract):
    """By webhook."""

    captions = False

    @pytest.fixture
    def stage(
        self, channel: MetaChannel, hurried: MetaChannel, server: Any, ann: Any, inbox: Inbox, shelf: Shelf, hook: Hook
    ) -> Stage:
        return Stage(
            channel=channel,
            hurried=hurried,
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="messages",
            start=lambda: channel.start(inbox.accept),
            captions=self.captions,
        )


def _account(adapter: type[Any]) -> str:
    """`messenger` of a class in bot.channels.messenger."""
    return adapter.__module__.split(".")[2]
