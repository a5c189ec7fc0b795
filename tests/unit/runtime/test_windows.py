"""Reply windows, quotas and tokens: what fits in leaves, what does not waits until the customer writes, in order."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.capabilities import Capabilities
from bot.core.chat import Chat
from bot.core.errors import BadInput, WindowClosed
from bot.core.message import Allowance, Attachment, Button, Card, Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from bot.core.router import Router
from bot.runtime import attempts, pruning, turn
from bot.services import openings, reach
from bot.services.scope import Scope
from models import Effect, Message, Opening
from models.database import dialect, fetch
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds
from tests.unit.services import race

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


def shop() -> Router:
    """Shows as many products as it is asked for, each with its picture, in one message."""
    router = Router("products")
    picture = Attachment(1, "image", "tea.jpg", "image/jpeg", 9)

    @router.keyword(*"0123456789")
    async def show(chat: Chat) -> None:
        if count := int(chat.inbound.text):
            chat.say(cards=[Card(f"Tea {number + 1}", image=picture) for number in range(count)])

    return router


async def pieces(sim: Simulator, sender: str) -> list[str]:
    """What stands on the screen: words, or the names of files."""
    return [seen.text or ", ".join(seen.files) for seen in sim.channel.screens.get(sender, [])]


async def test_words_take_the_last_answer_and_their_picture_waits(world: Worlds) -> None:
    sim = await world([shop()], NARROW)
    ann = await sim.customer()
    await ann.says("3")
    assert await pieces(sim, ann.sender) == ["tea.jpg", "Tea 1", "Tea 2"]
    assert await states() == ["held"]
    await ann.says("0")
    assert (await pieces(sim, ann.sender))[3:] == ["tea.jpg", "tea.jpg", "Tea 3"]
    assert await states() == ["sent"]
    assert await Effect.exclude(state="done").count() == 0


async def test_a_picture_leaves_its_words_as_many_answers_as_they_need(world: Worlds) -> None:
    router = Router("long")
    picture = Attachment(1, "image", "tea.jpg", "image/jpeg", 9)

    @router.keyword("long", "menu")
    async def show(chat: Chat) -> None:
        buttons = [Button("Green", url="https://shop.test")] if chat.inbound.text == "menu" else []
        chat.say("Which do you like?", files=[picture, picture], buttons=buttons)

    menu = {"buttons": 1, "button_label": 9, "link_buttons": True, "menu_limit": 5}
    sim = await world([router], replace(NARROW, text_limit=10, **menu))
    ann, bo = await sim.customer("ann"), await sim.customer("bo")
    await ann.says("long")
    assert await pieces(sim, ann.sender) == ["tea.jpg", "Which do", "you like?"]
    await bo.says("menu")  # a menu has no room for these words: the platform makes two messages of them
    assert await pieces(sim, bo.sender) == ["Which do", "you like?"]


async def test_where_there_is_one_answer_at_a_time_the_picture_takes_the_next_one(world: Worlds) -> None:
    sim = await world([shop()], replace(NARROW, reply_quota=1))
    ann = await sim.customer()
    for text in ("1", "0", "0"):
        await ann.says(text)
    assert (await pieces(sim, ann.sender), await states()) == (["Tea 1", "tea.jpg"], ["sent"])
    assert await Effect.exclude(state="done").count() == 0


async def test_a_picture_that_failed_and_leaves_after_all_makes_its_message_one_that_was_sent(world: Worlds) -> None:
    sim = await world([shop()], NARROW)
    ann = await sim.customer()
    sim.channel.failures = [BadInput("too strange")]
    await ann.says("1")
    assert (await pieces(sim, ann.sender), await states()) == (["Tea 1"], ["failed"])
    await sim.runtime.parked.retry("effect", (await Effect.get(state="parked")).id)
    sim.runtime.effects.doubt()
    await sim.runtime.idle()
    assert (await pieces(sim, ann.sender), await states()) == (["Tea 1", "tea.jpg"], ["sent"])


async def test_a_takeover_leaves_words_as_sent_that_were_shown_before_their_picture(world: Worlds) -> None:
    sim = await world([shop()], replace(NARROW, reply_quota=1, receipts=True))
    ann, staff = await sim.customer(), await sim.staff()
    await ann.says("1")
    assert (await pieces(sim, ann.sender), await states()) == (["Tea 1"], ["held"])
    await sim.runtime.desk.take_over((await ann.conversation()).id, staff.id)
    assert [(row.delivery, row.error) for row in await Message.filter(author="bot")] == [("sent", "")]
    await sim.deliver(ann._inbound(kind="status", data="read", about=sim.channel.keys[0]))
    assert await states() == ["read"]


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
    await sim.runtime.desk.take_over(talk.id, staff.id)
    sim.now += timedelta(hours=49)
    await sim.runtime.desk.say(talk.id, staff.id, "c1", "Are you there?", ())
    await sim.runtime.idle()
    assert [row.delivery for row in await Message.filter(author="staff")] == ["held"]
    await ann.says("0")
    assert [seen.text for seen in sim.channel.screens[ann.sender]] == ["Are you there?"]


async def test_a_takeover_cancels_what_the_bot_had_waiting(small_world: Worlds) -> None:
    sim = await small_world([talkative()], NARROW)
    ann, staff = await sim.customer(), await sim.staff()
    await ann.says("5")
    await sim.runtime.desk.take_over((await ann.conversation()).id, staff.id)
    await ann.says("1")
    assert await shown(sim, ann.sender) == ["1", "2", "3"]
    assert await states() == ["sent", "sent", "sent", "failed", "failed"]


class Strict(SimChannel):
    """Closes when it likes, takes its time for that, and keeps the occasions."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(capabilities.channel, capabilities)
        self.occasions: list[Occasion] = []
        self.is_closed = False
        self.entered, self.closes = asyncio.Event(), asyncio.Event()
        self.is_slow = False

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        if self.is_slow:
            self.is_slow = False
            self.entered.set()
            await self.closes.wait()
            raise WindowClosed("45015")
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
        ("orders", {"proactive": "template"}, "template"),
        ("reminders", {"proactive": "template"}, ""),
        ("staff", {"proactive": "no", "staff_window": timedelta(days=7)}, "person"),
        ("orders", {"proactive": "no", "staff_window": timedelta(days=7)}, ""),
        ("reminders", {"proactive": "yes"}, "answer"),
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


async def at_rest(sim: Simulator) -> None:
    async with asyncio.timeout(30):
        await sim.runtime.idle()


async def writes(sim: Simulator, customer: Customer) -> None:
    """Something that nobody answers; the turn is over when this returns."""
    await sim.runtime.accept([customer._inbound(text="0")])
    while sim.runtime.waiting:
        await asyncio.sleep(0.002)


async def test_what_was_released_leaves_before_what_was_said_behind_it(world: Worlds) -> None:
    """The one is in the table alone when the other, in memory, finds the window open."""
    sim = await world([talkative()], replace(NARROW, reply_quota=1))
    ann = await sim.customer()
    with race.after(attempts, "hold", lambda: writes(sim, ann)):
        await sim.runtime.accept([ann._inbound(text="3")])
        await at_rest(sim)
    assert await shown(sim, ann.sender) == ["1", "2"]
    assert await states() == ["sent", "sent", "held"]


async def test_who_writes_after_it_was_looked_gets_what_waits_at_once(world: Worlds) -> None:
    """Their turn is over before what it looks for is there."""
    sim = await world([talkative()], NARROW)
    ann, staff = await sim.customer(), await sim.staff()
    await ann.says("0")
    talk = await ann.conversation()
    await sim.runtime.desk.take_over(talk.id, staff.id)
    sim.now += timedelta(hours=49)

    with race.after(openings, "for_effect", lambda: writes(sim, ann)):
        await sim.runtime.desk.say(talk.id, staff.id, "c1", "Are you there?", ())
        await at_rest(sim)
    assert [row.delivery for row in await Message.filter(author="staff")] == ["sent"]


async def noted(scope: Scope) -> None:
    """A service that writes: its turn holds the conversation."""


@pytest.mark.parametrize("holds", [False, True], ids=["freely", "in a transaction"])
async def test_who_has_looked_before_it_waited_looks_again(
    world: Worlds, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their turn has looked, and is not over, when what it looked for is there."""
    router = talkative()

    @router.keyword("note")
    async def note(chat: Chat) -> None:
        if holds:
            await chat.do(noted)

    sim = await world([router], NARROW)
    strict, ann = with_channel(sim), await sim.customer()
    strict.is_slow = True
    await sim.runtime.accept([ann._inbound(text="1")])
    await strict.entered.wait()
    looks = itertools.count(1)

    async def looked(*asked: Any) -> list[dict[str, Any]]:
        found = await fetch(*asked)
        if next(looks) == 1 + holds:
            strict.closes.set()
            await held_or_waiting(holds)
        return found

    monkeypatch.setattr(turn, "fetch", looked)
    await sim.runtime.accept([ann._inbound(text="note")])
    await at_rest(sim)
    assert await states() == ["sent"]
    assert next(looks) > 2, "it has looked again"


async def held_or_waiting(holds: bool) -> None:
    """Until it is recorded; or, where a turn has the conversation, until that waits."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted" if holds else "SELECT 1 FROM effect WHERE state = 'held'"
    async with asyncio.timeout(30):
        while (not holds or dialect() == "postgres") and not await fetch(waiting):
            await asyncio.sleep(0.002)
