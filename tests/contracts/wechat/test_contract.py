"""WeChat keeps the contract of every channel: in plain, in safe and in compatible mode, in XML and in JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.channels.wechat import WeChat
from bot.core.errors import BadInput, WindowClosed
from bot.core.message import Wire
from bot.core.ports import Channel, HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.wechat.conftest import Open
from tests.kit.platforms.wechat import KEY, WeChatPerson, WeChatServer


def signed(server: WeChatServer, body: bytes) -> HookRequest:
    """`body` as an event of WeChat."""
    delivery = server.signed(json.dumps({"Content": body.decode()}).encode(), 0)
    return HookRequest("POST", "/hook", dict(delivery.query), {}, delivery.body)


def forged(server: WeChatServer, body: bytes) -> list[HookRequest]:
    """With every part of the signature missing, cut or changed."""
    genuine = signed(server, body)
    field = "msg_signature" if server.key else "signature"
    right = genuine.query[field]
    flipped = ("1" if right[0] == "0" else "0") + right[1:]
    wrong = ["", right[:-1], right + "0", right.upper(), "0" * 40, "密钥", "\udcff", flipped]
    queries = [{**genuine.query, field: one} for one in wrong]
    queries += [{**genuine.query, "nonce": "1"}, {**genuine.query, "timestamp": "1"}, {}]
    queries.append({name: value for name, value in genuine.query.items() if name != field})
    return [HookRequest("POST", "/hook", query, {}, genuine.body) for query in queries]


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

        async def start() -> None:
            await channel.start(inbox.accept)
            server.posts_to(hook.url)

        ann.quota(100, 48 * 3600)
        return Stage(
            channel=channel,
            hurried=make(timeout=0.2),
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="send",
            signed=lambda body: signed(server, body),
            forged=lambda body: forged(server, body),
            start=start,
            captions=False,
            refuses_blocked=False,
        )

    async def test_a_reply_is_shown(self, stage: Stage) -> None:
        sent = await stage.send(Wire("Hello, <b>Ann</b> & co_*"), "k1")
        assert (await stage.customer.reads()).text == "Hello, <b>Ann</b> & co_*"
        assert sent.external_id == ""  # WeChat tells none

    async def test_who_blocked_us_waits_until_they_follow_again(self, stage: Stage) -> None:
        await stage.customer.blocks()
        with pytest.raises(WindowClosed):
            await stage.send(Wire("hi"), "k1")


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
