"""Every channel's own link into a conversation brings what it carries: as "started", or as words that stand ready."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import pytest

import handlers
from bot import channels
from bot.channels.wecom.events import Reader
from bot.config import accounts
from bot.core.message import Allowance, Inbound
from bot.core.ports import Channel
from bot.core.router import Routes
from bot.runtime.routing import Ignore, Start, decide
from bot.runtime.state import ConversationState
from bot.services import codes
from bot.services.person_codes import CARRIED
from tests.contracts.channel_contract import Shelf
from tests.contracts.payloads import Recording, recordings
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import STAGES, Stage

CODE = "K7MW2FPQ"
SCENE, WORDS = CARRIED + CODE, "/link K7MW-2FPQ"
LONGEST = CARRIED + "A" * codes.LONG
FIRST = {stage.channel: stage for stage in reversed(STAGES)}


@dataclass(frozen=True, slots=True)
class Brought:
    """A recorded call of somebody who came by a link, a code or an advertisement, and what it brought."""

    channel: str
    recording: Recording
    data: str
    along: tuple[str, ...]  # the kinds of what they said or tapped in the same call

    def __str__(self) -> str:
        return f"{self.channel}-{self.recording}"


def brought(channel: str) -> Iterator[Brought]:
    for recording in recordings(channel):
        match recording.expected:
            case [found, *rest] if found.kind == "started" and found.data:
                yield Brought(channel, recording, found.data, tuple(one.kind for one in rest))


BROUGHT = [one for name in FIRST for one in brought(name)]


def opened(stage: Stage, server: Any) -> Channel:
    """The account of a stage, without anything around it."""
    account = f"{stage.channel}-2"
    table = {"kind": stage.channel, **stage.table(server)}
    read, wrong = accounts.read({account: table}, lambda _: "https://shop.example/hook")
    assert not wrong
    settings = read[account]
    made: Channel = channels.of(settings).opened(settings, around(account, Shelf().open))
    return made


@pytest.mark.parametrize("name", sorted(FIRST))
async def test_a_link_carries_the_code(name: str) -> None:
    stage = FIRST[name]
    async with stage.server() as server:
        channel = opened(stage, server)
        try:
            link = await channel.deep_link(SCENE, WORDS)
            longest = await channel.deep_link(LONGEST, WORDS)
        finally:
            await channel.stop()
    if found := getattr(server, "scenes", {}):  # the address is opaque, and the platform knows what it brings
        link, longest = found[link], found[longest]
    elif link:
        assert urlsplit(link).scheme == "https"
    brings = stage.traits.comes is not None
    expected = SCENE if brings else WORDS if stage.traits.words else ""
    assert expected in unquote(link)
    assert bool(link) == bool(expected)
    assert not brings or LONGEST in longest


def test_every_link_that_brings_data_is_recorded() -> None:
    assert {name for name, stage in FIRST.items() if stage.traits.comes} <= {one.channel for one in BROUGHT}


@pytest.mark.parametrize("call", BROUGHT, ids=str)
async def test_what_a_link_brings_comes_in_as_started(call: Brought) -> None:
    """Before the words or the tap that it came along with."""
    body = call.recording.body
    assert call.data.encode() in body
    body = body.replace(call.data.encode(), SCENE.encode())
    if call.channel == "wecom":
        found, *rest = Reader(call.channel, Allowance(20, 1)).read(json.loads(body))
    else:
        found, *rest = await parsed(call.channel, body)
    assert (found.kind, found.data) == ("started", SCENE)
    assert (tuple(one.kind for one in rest), bool(found.about)) == (call.along, bool(call.along))
    assert len({found.key, *(one.key for one in rest)}) == 1 + len(call.along)
    state = cast("ConversationState", None)  # which nobody asks when somebody comes
    assert decide(found, state, Routes(handlers.routers)) == Start("another_app.came_along", SCENE)


async def parsed(name: str, body: bytes) -> list[Inbound]:
    stage = FIRST[name]
    async with stage.server() as server:
        if name == "wechat":
            server.key = ""
        channel = opened(stage, server)
        try:
            found = channel.parse(body)
        finally:
            await channel.stop()
    return found


def test_words_that_stand_ready_are_the_command() -> None:
    found = Routes(handlers.routers).find_command(WORDS, aliases=True)
    assert found is not None
    assert (found[0].name, found[1]) == ("link", "K7MW-2FPQ")


def test_any_other_scene_is_a_hello_unless_words_came_along() -> None:
    routes = Routes(handlers.routers)
    assert routes.started("from-flyer") == "welcome.welcome"
    came = Inbound("instagram", "referral:m", "7", "started", data="from-flyer", about="m")
    assert decide(came, cast("ConversationState", None), routes) == Ignore()
