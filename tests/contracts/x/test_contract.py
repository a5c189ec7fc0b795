"""X keeps the contract of every channel, by both of its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels.x import XChannel
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.contracts.x.conftest import Make
from tests.kit.platforms.x import XServer

HEADER = "x-twitter-webhooks-signature"


def posted(body: bytes, header: str | None) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {} if header is None else {HEADER: header}, body)


def forged(server: XServer, body: bytes) -> list[HookRequest]:
    """Calls of somebody who is not X."""
    right = server.signature(body)
    flipped = [right[:at] + ("A" if right[at] != "A" else "B") + right[at + 1 :] for at in range(7, len(right) - 1)]
    wrong = ["", "sha256=", right[:-1], right + "=", right.removeprefix("sha256="), right.upper(), "密钥", "\udcff"]
    wrong += [*flipped, server.signature(body, "another secret")]
    get = HookRequest("GET", "/hook", {}, {}, body)
    oracle = HookRequest("GET", "/hook", {"crc_token": '{"for_user_id":"1"}'}, {}, b"")
    return [posted(body, None), posted(body + b" ", right), get, oracle, *(posted(body, one) for one in wrong)]


def staged(server: XServer, channel: XChannel, hurried: XChannel, inbox: Inbox, shelf: Shelf, hook: Hook) -> Stage:
    hook.channel = channel

    async def start() -> None:
        await channel.start(inbox.accept)
        server.posts_to(hook.url)

    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=server.user("3001969357"),
        inbox=inbox,
        shelf=shelf,
        send_method="messages",
        signed=lambda body: posted(body, server.signature(body)),
        forged=lambda body: forged(server, body),
        start=start,
        hears_blocked=False,
        tells_how_long=False,  # it tells until which second, and that depends on the clock
    )


class TestAccountActivity(ChannelContract):
    """By the older webhook, with OAuth 1.0a."""

    @pytest.fixture
    async def stage(self, make: Make, server: XServer, inbox: Inbox, shelf: Shelf) -> AsyncIterator[Stage]:
        async with Hook(inbox.accept) as hook:
            yield staged(server, make(server), make(server, 0.1), inbox, shelf, hook)


class TestActivity(ChannelContract):
    """By the newer webhook, with OAuth 2.0."""

    @pytest.fixture
    async def stage(self, make: Make, inbox: Inbox, shelf: Shelf) -> AsyncIterator[Stage]:
        async with XServer(activity=True) as server, Hook(inbox.accept) as hook:
            token = {"user_token": server.user_token}
            yield staged(server, make(server, **token), make(server, 0.1, **token), inbox, shelf, hook)
