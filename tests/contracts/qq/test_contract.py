"""QQ keeps the contract of every channel: in a private chat, in a group, and where the bot may write unasked."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.qq import QqChannel
from bot.core.ports import ORDINARY, HookRequest, Occasion
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.qq.conftest import Make
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.qq_chats import QqChat

SIGNATURE, TIMESTAMP = "x-signature-ed25519", "x-signature-timestamp"


def posted(body: bytes, headers: dict[str, str]) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {name.lower(): value for name, value in headers.items()}, body)


def forged(server: QqServer, body: bytes) -> list[HookRequest]:
    """Calls of somebody who is not QQ."""
    right = {name.lower(): value for name, value in server.signature(body).items()}
    raw = bytes.fromhex(right[SIGNATURE])
    flipped = [(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :]).hex() for at in range(64)]
    other = QqServer(secret="another secret altogether").signature(body)["X-Signature-Ed25519"]
    signatures = ["", right[SIGNATURE][:-2], right[SIGNATURE] + "00", "密" * 128, "\udcff" * 128, other, *flipped]
    moments = ["", "0", "now", "١٧٢٥٤٤٢٣٤١", right[TIMESTAMP] + "0", str(int(right[TIMESTAMP]) + 1)]
    stale = server.signature(body, str(int(server.now) - 301))
    return [
        posted(body, {}),
        posted(body, stale),
        posted(body + b" ", right),
        *(posted(body, right | {SIGNATURE: one}) for one in signatures),
        *(posted(body, right | {TIMESTAMP: one}) for one in moments),
    ]


def staged(
    channel: QqChannel,
    hurried: QqChannel,
    server: QqServer,
    chat: QqChat,
    inbox: Inbox,
    shelf: Shelf,
    hook: Hook,
    occasion: Occasion,
) -> Stage:
    hook.channel = channel

    async def start() -> None:
        await channel.start(inbox.accept)
        server.posts_to(hook.url)

    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=chat,
        inbox=inbox,
        shelf=shelf,
        send_method="group_messages" if chat.in_group else "messages",
        signed=lambda body: posted(body, server.signature(body)),
        forged=lambda body: forged(server, body),
        start=start,
        occasion=occasion,
    )


class TestPrivate(ChannelContract):
    """What somebody wrote is answered."""

    @pytest.fixture
    async def stage(
        self, make: Make, server: QqServer, ann: QqChat, inbox: Inbox, shelf: Shelf
    ) -> AsyncIterator[Stage]:
        async with Hook(inbox.accept) as hook:
            answering = Occasion(token=f"msg:{ann.newest}")
            yield staged(make(), make(timeout=0.1), server, ann, inbox, shelf, hook, answering)


class TestGroup(ChannelContract):
    """What somebody in a group said to the bot is answered."""

    @pytest.fixture
    async def stage(
        self, make: Make, server: QqServer, teahouse: QqChat, inbox: Inbox, shelf: Shelf
    ) -> AsyncIterator[Stage]:
        async with Hook(inbox.accept) as hook:
            answering = Occasion(token=f"msg:{teahouse.newest}")
            yield staged(make(), make(timeout=0.1), server, teahouse, inbox, shelf, hook, answering)


class TestProactive(ChannelContract):
    """Nobody wrote, and the bot may all the same."""

    @pytest.fixture
    async def stage(
        self, make: Make, server: QqServer, ann: QqChat, inbox: Inbox, shelf: Shelf
    ) -> AsyncIterator[Stage]:
        server.proactive = True
        async with Hook(inbox.accept) as hook:
            channel, hurried = make(proactive=True), make(timeout=0.1, proactive=True)
            yield staged(channel, hurried, server, ann, inbox, shelf, hook, ORDINARY)
