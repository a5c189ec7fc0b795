"""Every channel's own link into a conversation brings what it carries: as "started", or as words that stand ready."""

from __future__ import annotations

import json
from pathlib import Path
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
from tests.kit.platforms.around import around
from tests.kit.platforms.stages import STAGES, Stage

PAYLOADS = Path(__file__).parents[1] / "payloads"
CODE = "K7MW2FPQ"
SCENE, WORDS = CARRIED + CODE, "/link K7MW-2FPQ"
LONGEST = CARRIED + "A" * codes.LONG
#: A platform that brings data: each recorded call that tells of it, what stands there for the data, and what the
#: person said or tapped in the same call.
BRINGS = {
    "telegram": (("start_payload.json", "order_A-1", ()),),
    "wechat": (("scan.xml", "flyer-7", ()),),
    "wecom": (("enter_session.json", "flyer-7", ()),),
    "qq": (("added_from_link.json", "flyer-7", ()),),
    "messenger": (
        ("get_started_referral.json", "flyer-7", ()),
        ("referral.json", "qr-12", ()),
        ("ad_message.json", "spring-ad", ("message",)),
    ),
    "instagram": (
        ("referral.json", "link-3", ()),
        ("first_message_referral.json", "link-3", ("message",)),
        ("ice_breaker_referral.json", "link-3", ("callback",)),
    ),
}
CALLS = [(name, *call) for name, calls in BRINGS.items() for call in calls]
FIRST = {stage.channel: stage for stage in reversed(STAGES)}


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
        if name == "wechat":
            assert (server.scenes[link], server.scenes[longest]) == (SCENE, LONGEST)
            return
    if name in ("weibo", "email"):  # no link there: the code is typed, or, by mail, only shown
        assert link == ""
        return
    assert urlsplit(link).scheme == "https"
    assert (SCENE if name in BRINGS else WORDS) in unquote(link)
    assert name not in BRINGS or LONGEST in longest


@pytest.mark.parametrize(("name", "file", "there", "along"), CALLS, ids=lambda value: value or "alone")
async def test_what_a_link_brings_comes_in_as_started(name: str, file: str, there: str, along: tuple[str, ...]) -> None:
    """Before the words or the tap that it came along with."""
    body = (PAYLOADS / name / file).read_bytes()
    assert there.encode() in body
    body = body.replace(there.encode(), SCENE.encode())
    if name == "wecom":
        found, *rest = Reader(name, Allowance(20, 1)).read(json.loads(body))
    else:
        found, *rest = await parsed(name, body)
    assert (found.kind, found.data) == ("started", SCENE)
    assert (tuple(one.kind for one in rest), bool(found.about)) == (along, bool(along))
    assert len({found.key, *(one.key for one in rest)}) == 1 + len(along)
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
