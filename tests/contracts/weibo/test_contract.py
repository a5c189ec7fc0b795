"""Weibo keeps the contract of every channel, in both forms of its pushes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.message import Wire
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.weibo.conftest import Make
from tests.kit.platforms.weibo import WeiboServer


class WeiboContract(ChannelContract):
    """In one form."""

    @pytest.fixture
    async def stage(self, make: Make, server: WeiboServer, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        channel = make(server)
        hook.hears(channel, server)
        return Stage(
            channel=channel,
            hurried=make(server, 0.1),
            platform=server,
            customer=server.fan(),
            inbox=inbox,
            shelf=shelf,
            send_method="reply",
            start=lambda: channel.start(inbox.accept),
            captions=False,
            uploads=False,
        )

    async def test_a_reply_is_shown(self, stage: Stage) -> None:
        sent = await stage.send(Wire("Hello, <b>Ann</b> & co_*"), "k1")
        assert (await stage.customer.reads()).text == "Hello, <b>Ann</b> & co_*"
        assert sent.external_id == ""  # Weibo tells none


class TestJson(WeiboContract):
    """Weibo's own form."""


class TestXml(WeiboContract):
    """WeChat's form."""

    @pytest.fixture
    async def server(self, shelf: Shelf) -> AsyncIterator[WeiboServer]:
        async with WeiboServer("xml") as server:
            server.internet = shelf.at
            yield server
