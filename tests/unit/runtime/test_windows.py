"""Reply windows, quotas and tokens: what fits in leaves, what does not waits until the customer writes, in order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.capabilities import Capabilities
from bot.core.chat import Chat
from bot.core.errors import WindowClosed
from bot.core.message import Allowance, Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from bot.core.router import Router
from bot.runtime import pruning
from bot.services import openings, reach
from models import Effect, Message, Opening
from tests.kit.simulator import SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds

NARROW = Capabilities("narrow", reply_window=timedelta(hours=48), reply_quota=3, proactive="no")


def talkative() -> Router:
    """Says as many things as it is asked for."""
    router = Router("talkative")

    @router.keyword(*"0123456789")
    async def answer(chat: Chat) -> None:
        for number in range(int(chat.inbound.text)):
            chat.say(f"{chat.inbound.key} {number + 1}")

    return router


async def states() -> list[str]:
    return [row.delivery for row in await Message.filter(author="bot").order_by("seq")]


async def shown(sim: Simulator, sender: str) -> list[str]:
    return [seen.text.rpartition(" ")[2] for seen in sim.channel.screens.get(sender, [])]


async def test_what_is_beyond_the_quota_waits_and_goes_first(world: Worlds) -> None:
    sim = await world([talkative()], NARROW)
    ann = await sim.customer()
    await ann.says("5")
    assert await shown(sim, ann.sender) == ["1", "2", "3"]
    assert await states() == ["sent", "sent", "sent", "held", "held"]
    assert await Effect.filter(state="held").count() == 2
    await ann.says("1")
    assert await shown(sim, ann.sender) == ["1", "2", "3", "4", "5", "1"]
    assert await states() == ["sent"] * 6
    assert await Effect.exclude(state="done").count() == 0


async def test_who_asks_for_the_rest_hears_the_rest(world: Worlds) -> None:
    """Else an account that may say one thing at a time would be one behind for ever."""
    router = talkative()

    @router.fallback
    async def not_understood(chat: Chat) -> None:
        chat.say("what?")

    sim = await world([router], replace(NARROW, reply_quota=1))
    ann = await sim.customer()
    await ann.says("2")
    await ann.says("and?")
    assert await shown(sim, ann.sender) == ["1", "2"]
    await ann.says("and?")
    assert await shown(sim, ann.sender) == ["1", "2", "what?"]
    assert await Effect.exclude(state="done").count() == 0


async def test_nothing_leaves_behind_the_end_of_the_window(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    ann, staff = await sim.customer(), await sim.staff()
    await ann.says("0")
    talk = await ann.conversation()
    await sim.runtime.take_over(talk.id, staff.id)
    sim.now += timedelta(hours=49)
    await sim.runtime.staff_says(talk.id, staff.id, "c1", "Are you there?", ())
    await sim.runtime.idle()
    assert [row.delivery for row in await Message.filter(author="staff")] == ["held"]
    await ann.says("0")
    assert [seen.text for seen in sim.channel.screens[ann.sender]] == ["Are you there?"]


async def test_a_takeover_cancels_what_the_bot_had_waiting(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    ann, staff = await sim.customer(), await sim.staff()
    await ann.says("5")
    await sim.runtime.take_over((await ann.conversation()).id, staff.id)
    await ann.says("1")
    assert await shown(sim, ann.sender) == ["1", "2", "3"]
    assert await states() == ["sent", "sent", "sent", "failed", "failed"]


class Strict(SimChannel):
    """Closes when it likes, and keeps the occasions."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(capabilities.channel, capabilities)
        self.occasions: list[Occasion] = []
        self.is_closed = False

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        if self.is_closed:
            raise WindowClosed("45015")
        self.occasions.append(occasion)
        return await super().send(recipient, wire, key, occasion)


def with_channel(sim: Simulator) -> Strict:
    strict = Strict(sim.capabilities)
    sim.runtime.channels[sim.account] = strict  # type: ignore[index]
    sim.channel = strict
    return strict


async def test_a_window_that_the_platform_knows_better_is_not_tried_again(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    strict, ann = with_channel(sim), await sim.customer()
    strict.is_closed = True
    await ann.says("2")
    assert await states() == ["held", "held"]
    found = await reach.of((await ann.conversation()).id, NARROW, reachable=True, now=sim.now)
    assert (found.ok, found.why) == (False, "quota_used")
    strict.is_closed = False
    await ann.says("0")
    assert await states() == ["sent", "sent"]


async def test_tokens_are_used_one_after_the_other_and_then_there_is_none(small_world: Worlds) -> None:
    sim = await small_world([talkative()], replace(NARROW, tokens=True, proactive="yes"))
    strict, ann = with_channel(sim), await sim.customer()
    await sim.deliver(ann._inbound(text="5", token="m1"))
    assert [(one.token, one.in_window) for one in strict.occasions] == [("m1", True)] * 3 + [("", False)] * 2


async def test_a_token_without_a_window_is_good_for_one_answer(small_world: Worlds) -> None:
    sim = await small_world([talkative()], Capabilities("tokens", tokens=True))
    strict, ann = with_channel(sim), await sim.customer()
    await sim.deliver(ann._inbound(text="2", token="r1"))
    assert [(one.token, one.in_window) for one in strict.occasions] == [("r1", True), ("", True)]


async def test_a_menu_tap_opens_its_own_short_window(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    ann = await sim.customer()
    await sim.deliver(ann._inbound(kind="started", text="0", allows=Allowance(60, 1)))
    id_ = (await ann.conversation()).id
    [one] = (await openings.of([id_], sim.now))[id_]
    assert (one.left, one.until - one.at) == (1, timedelta(seconds=60))
    sim.now += timedelta(minutes=2)
    assert await openings.of([id_], sim.now) == {}


@pytest.mark.parametrize(
    ("kind", "capabilities", "how"),
    [
        ("notice", {"proactive": "template"}, "template"),
        ("chat", {"proactive": "template"}, ""),
        ("staff", {"proactive": "no", "staff_window": timedelta(days=7)}, "person"),
        ("notice", {"proactive": "no", "staff_window": timedelta(days=7)}, ""),
        ("chat", {"proactive": "yes"}, "answer"),
    ],
)
async def test_how_something_may_leave_outside_of_the_window(
    small_world: Worlds, kind: reach.Kind, capabilities: dict[str, Any], how: str
) -> None:
    able = replace(NARROW, **capabilities)
    sim = await small_world([talkative()], able)
    ann = await sim.customer()
    await ann.says("0")
    sim.now += timedelta(days=3)
    found = await reach.of((await ann.conversation()).id, able, reachable=True, now=sim.now, kind=kind)
    assert (found.how, found.ok) == (how, bool(how))


async def test_the_desk_is_told_what_is_left(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    ann = await sim.customer()
    await ann.says("1")
    found = await reach.of((await ann.conversation()).id, NARROW, reachable=True, now=sim.now)
    assert (found.left, found.until) == (2, sim.now + timedelta(hours=48))
    assert await Opening.all().count() == 1


async def test_where_messages_are_counted_words_go_together(small_world: Worlds) -> None:
    sim = await small_world([talkative()], replace(NARROW, gathers=True))
    ann = await sim.customer()
    await ann.says("5")
    [seen] = sim.channel.screens[ann.sender]
    assert [line.rpartition(" ")[2] for line in seen.text.split("\n\n")] == ["1", "2", "3", "4", "5"]


async def test_what_acts_allowed_is_pruned_with_the_rest(world: Worlds) -> None:
    sim = await world([talkative()], NARROW)
    ann = await sim.customer()
    await ann.says("1")
    sim.now += timedelta(days=8)
    await ann.says("1")
    await pruning.prune(sim.now - timedelta(days=7))
    assert [row.at for row in await Opening.all()] == [sim.now]
