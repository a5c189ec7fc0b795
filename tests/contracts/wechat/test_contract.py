"""WeChat keeps the contract of every channel: in plain, in safe and in compatible mode, in XML and in JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.channels.wechat import WeChat
from bot.core.errors import BadInput
from bot.core.message import Wire
from bot.core.ports import Channel
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.wechat.conftest import Open
from tests.kit.platforms.wechat import KEY, WeChatPerson, WeChatServer


class WeChatContract(ChannelContract):
    """In one mode."""

    @pytest.fixture
    async def stage(
        self,
        make: Open,
        server: WeChatServer,
        ann: WeChatPerson,
        inbox: Inbox,
        shelf: Shelf,
        hook: Hook,
    ) -> Stage:
        channel = make(holds=0.01)
        hook.hears(channel, server)
        ann.quota(100, 48 * 3600)
        return Stage(
            channel=channel,
            hurried=make(timeout=0.2),
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="send",
            start=lambda: channel.start(inbox.accept),
            captions=False,
        )

    async def test_a_reply_is_shown(self, stage: Stage) -> None:
        sent = await stage.send(Wire("Hello, <b>Ann</b> & co_*"), "k1")
        assert (await stage.customer.reads()).text == "Hello, <b>Ann</b> & co_*"
        assert sent.external_id == ""  # WeChat tells none


class TestPlain(WeChatContract):
    """Plain XML."""


class TestSafe(WeChatContract):
    """Sealed XML."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[WeChatServer]:
        async with WeChatServer(key=KEY) as server:
            yield server


class TestJson(WeChatContract):
    """Sealed JSON, beside which the event stands in plain."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[WeChatServer]:
        async with WeChatServer(key=KEY, form="json", compatible=True) as server:
            yield server


def test_the_port_is_filled(channel: WeChat) -> None:
    assert isinstance(channel, Channel)


def test_what_stands_in_plain_beside_a_sealed_event_is_not_believed(make: Open) -> None:
    server = WeChatServer(key=KEY, compatible=True)
    channel = make(encoding_aes_key=KEY)
    event = {"FromUserName": "oAnn", "CreateTime": 1_760_000_000, "MsgType": "text", "MsgId": "1", "Content": "true"}
    body = server.signed(json.dumps(event).encode(), 0).body.replace(b"<Content>true<", b"<Content>false<")
    assert b"<Content>false<" in body
    assert [inbound.text for inbound in channel.parse(body)] == ["true"]
    with pytest.raises(BadInput):
        channel.parse(server.written(event))
