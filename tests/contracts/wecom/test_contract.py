"""WeCom's customer service keeps the contract of every channel."""

from __future__ import annotations

import pytest

from bot.channels.wecom import WeCom
from bot.core.ports import Channel, HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.wecom.conftest import Open
from tests.kit.platforms.wecom import WeComPerson, WeComServer


def signed(server: WeComServer, body: bytes) -> HookRequest:
    """`body`, sealed and signed."""
    delivery = server.signed(body, 0)
    return HookRequest("POST", "/hook", dict(delivery.query), {}, delivery.body)


def forged(server: WeComServer, body: bytes) -> list[HookRequest]:
    """With every part of the signature missing, cut or changed, and with another body."""
    genuine = signed(server, body)
    right = genuine.query["msg_signature"]
    flipped = ("1" if right[0] == "0" else "0") + right[1:]
    wrong = ["", right[:-1], right + "0", "0" * 40, "密钥", "\udcff", flipped]
    queries = [{**genuine.query, "msg_signature": one} for one in wrong]
    queries += [{**genuine.query, "nonce": "1"}, {**genuine.query, "timestamp": "1"}, {}]
    found = [HookRequest("POST", "/hook", query, {}, genuine.body) for query in queries]
    bodies = [signed(server, b"<xml><a>other</a></xml>").body, b"", b"{}", body, genuine.body[:-20]]
    return found + [HookRequest("POST", "/hook", genuine.query, {}, other) for other in bodies]


class TestWeCom(ChannelContract):
    """A doorbell, and what is pulled after it."""

    @pytest.fixture
    async def stage(
        self, make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, shelf: Shelf, hook: Hook
    ) -> Stage:
        channel = make()

        async def start() -> None:
            await channel.start(inbox.accept)
            server.posts_to(hook.url)

        ann.session.left, ann.session.until = 100, server.shelf.now() + 48 * 3600
        return Stage(
            channel=channel,
            hurried=make(timeout=0.2),
            platform=server,
            customer=ann,
            inbox=inbox,
            shelf=shelf,
            send_method="send_msg",
            signed=lambda body: signed(server, body),
            forged=lambda body: forged(server, body),
            start=start,
            captions=False,
            refuses_blocked=False,
            hears_blocked=False,
        )


def test_the_port_is_filled(channel: WeCom) -> None:
    assert isinstance(channel, Channel)
