"""Weibo keeps the contract of every channel, in both forms of its pushes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.errors import WindowClosed
from bot.core.message import Wire
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.weibo.conftest import Make
from tests.kit.platforms.weibo import WeiboServer


def forged(server: WeiboServer, body: bytes) -> list[HookRequest]:
    """Calls of somebody who is not Weibo."""
    right = server.query()
    signature = right["signature"]
    flipped = [signature[:at] + ("1" if signature[at] == "0" else "0") + signature[at + 1 :] for at in range(40)]
    wrong = ["", signature[:-1], signature + "0", signature.upper() + "x", "密钥", "\udcff", *flipped]
    queries = [right | {"signature": one} for one in wrong]
    queries += [right | {"nonce": "1"}, right | {"timestamp": "1"}, {}, server.query("another secret")]
    queries += [server.query(moment=server.now - 301), server.query(moment=server.now / 1000)]
    queries += [{name: value for name, value in right.items() if name != left} for left in right]
    return [HookRequest("POST", "/hook", query, {}, body) for query in queries]


class WeiboContract(ChannelContract):
    """In one form."""

    @pytest.fixture
    async def stage(self, make: Make, server: WeiboServer, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
        channel = make(server)

        async def start() -> None:
            await channel.start(inbox.accept)
            server.posts_to(hook.url)

        return Stage(
            channel=channel,
            hurried=make(server, 0.1),
            platform=server,
            customer=server.fan(),
            inbox=inbox,
            shelf=shelf,
            send_method="reply",
            signed=lambda body: HookRequest("POST", "/hook", server.query(), {}, body),
            forged=lambda body: forged(server, body),
            start=start,
            captions=False,
            refuses_blocked=False,
        )

    async def test_a_reply_is_shown(self, stage: Stage) -> None:
        sent = await stage.send(Wire("Hello, <b>Ann</b> & co_*"), "k1")
        assert (await stage.customer.reads()).text == "Hello, <b>Ann</b> & co_*"
        assert sent.external_id == ""  # Weibo tells none

    async def test_who_follows_no_more_waits(self, stage: Stage) -> None:
        await stage.customer.blocks()
        with pytest.raises(WindowClosed):
            await stage.send(Wire("hi"), "k1")


class TestJson(WeiboContract):
    """Weibo's own form."""


class TestXml(WeiboContract):
    """WeChat's form."""

    @pytest.fixture
    async def server(self) -> AsyncIterator[WeiboServer]:
        async with WeiboServer("xml") as server:
            yield server
