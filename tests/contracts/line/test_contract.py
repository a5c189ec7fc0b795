"""LINE keeps the contract of every channel, by push and by reply token."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.line import LineChannel
from bot.core.ports import HookRequest, Occasion
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.kit.platforms.line import LineServer, LineUser


def posted(body: bytes, signature: str | None) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {} if signature is None else {"x-line-signature": signature}, body)


def forged(server: LineServer, body: bytes) -> list[HookRequest]:
    """Without a signature, with it cut, changed, in other letters, of another secret or body."""
    right = server.signature(body)
    flipped = [right[:at] + chr(ord(right[at]) ^ 1) + right[at + 1 :] for at in range(len(right) - 1)]
    wrong = ["", right[:-1], right + "=", right.swapcase(), " " + right, "密钥", "\udcff\udcfe", *flipped]
    wrong += [server.signature(body, "another secret"), server.signature(body + b" ")]
    return [posted(body, None), *(posted(body, one) for one in wrong)]


class TestPushed(ChannelContract):
    """By push, which has a retry key."""

    @pytest.fixture
    async def stage(
        self,
        channel: LineChannel,
        hurried: LineChannel,
        server: LineServer,
        ann: LineUser,
        inbox: Inbox,
        shelf: Shelf,
    ) -> AsyncIterator[Stage]:
        async with Hook(inbox.accept) as hook:
            hook.channel = channel

            async def start() -> None:
                await channel.start(inbox.accept)
                server.posts_to(hook.url)

            yield Stage(
                channel=channel,
                hurried=hurried,
                platform=server,
                customer=ann,
                inbox=inbox,
                shelf=shelf,
                send_method="push",
                signed=lambda body: posted(body, server.signature(body)),
                forged=lambda body: forged(server, body),
                start=start,
                captions=False,
                uploads=False,
                tells_how_long=False,
                refuses_blocked=False,
            )


class TestReplied(TestPushed):
    """By the token of what Ann did last."""

    @pytest.fixture(autouse=True)
    def answers(self, stage: Stage, server: LineServer, ann: LineUser) -> None:
        stage.occasion = Occasion(server.reply_token(ann))
        stage.send_method = "reply"
