"""Takeover and give-back: one winner, a silent bot, and a conversation that goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bot.core.chat import Chat
from bot.core.errors import ChannelUnavailable, Refused, Unreachable
from bot.core.events import Event, MessageChanged
from bot.core.message import Inbound, Wire
from bot.core.ports import ORDINARY, Occasion, Sent
from bot.core.router import Router
from bot.runtime import staffing
from bot.services import audit
from models import Audit, Conversation, Effect, Message, Staff
from tests.kit.simulator import Customer, SimChannel, Simulator
from tests.unit.runtime.conftest import Worlds


def chatty() -> Router:
    """Says three things and asks for a name."""
    router = Router("chatty")

    @router.command("ask")
    async def ask(chat: Chat) -> None:
        name = await chat.ask("Your name?")
        chat.say(f"Hello {name}")

    @router.fallback
    async def fallback(chat: Chat) -> None:
        for number in range(3):
            chat.say(f"{chat.inbound.text} {number}")

    return router


class Slow(SimChannel):
    """A channel whose next sends wait at a gate."""

    def __init__(self, like: SimChannel) -> None:
        super().__init__(like.account, like.capabilities)
        self.gate = asyncio.Event()
        self.sending = asyncio.Event()

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        self.sending.set()
        await self.gate.wait()
        return await super().send(recipient, wire, key, occasion)


async def begun(sim: Simulator) -> Conversation:
    """Ann's conversation, in which she has said hello."""
    ann = await sim.customer()
    await ann.says("hello")
    return await ann.conversation()


async def addressed(sim: Simulator) -> tuple[Customer, Slow]:
    """Ann, to whom a message is just leaving, and the channel that holds it."""
    slow = Slow(sim.channel)
    sim.runtime.channels[sim.account] = slow  # type: ignore[index]
    ann = await sim.customer()
    await sim.runtime.accept([ann._inbound(text="hello")])
    await slow.sending.wait()
    return ann, slow


async def test_of_two_who_take_over_one_wins_and_the_other_is_told_by_whom(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    mei, tom = await sim.staff("Mei"), await sim.staff("Tom")
    for _ in range(10):
        results = await asyncio.gather(
            *(sim.runtime.desk.take_over(row.id, one.id) for one in (mei, tom)), return_exceptions=True
        )
        [refused] = [result for result in results if isinstance(result, Refused)]
        owner = await Staff.get(id=(await Conversation.get(id=row.id)).owner_id)
        assert (refused.code, refused.facts) == ("taken", {"owner": owner.name})
        await sim.runtime.desk.give_back(row.id, owner.id)
    await sim.runtime.idle()
    assert await Audit.filter(action="conversation.take").count() == 10


async def test_what_the_bot_had_queued_is_cancelled_with_the_takeover(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    sim.channel.failures += [ChannelUnavailable("down", after=60.0)]
    ann = await sim.customer("Ann2")
    await sim.runtime.accept([ann._inbound(text="more")])
    async with asyncio.timeout(30):
        while sim.channel.failures:
            await asyncio.sleep(0.001)
        while not await Effect.filter(attempts=1, state="pending").count():
            await asyncio.sleep(0.001)
    row = await ann.conversation()
    told: list[int] = []

    async def hear(events: Sequence[Event]) -> None:
        told.extend(event.seq for event in events if isinstance(event, MessageChanged))

    sim.runtime.bus.subscribe(MessageChanged.topic, hear)
    await sim.runtime.desk.take_over(row.id, (await sim.staff()).id)
    assert sorted([one.state for one in await Effect.filter(conversation_id=row.id)]) == ["cancelled"] * 3
    said = await Message.filter(conversation_id=row.id, author="bot").order_by("seq")
    assert {(one.delivery, one.error) for one in said} == {("failed", "takeover")}
    async with asyncio.timeout(30):  # open screens show that they will not come
        while len(told) < 3:
            await asyncio.sleep(0.001)
    assert told == [one.seq for one in said]
    await sim.restarts()
    sim.now = sim.now.replace(hour=23)
    sim.runtime.effects.wake()
    await sim.runtime.idle()
    assert await ann.screen() == []


async def test_a_takeover_in_the_middle_of_sending_lets_that_message_leave_and_no_other(world: Worlds) -> None:
    sim = await world([chatty()])
    ann, slow = await addressed(sim)
    row, staff = await ann.conversation(), await sim.staff()
    takeover = asyncio.create_task(sim.runtime.desk.take_over(row.id, staff.id))
    await asyncio.sleep(0.02)
    assert not takeover.done()
    slow.gate.set()
    await takeover
    await sim.runtime.desk.say(row.id, staff.id, "c1", "Mei here", ())
    await sim.runtime.idle()
    assert [seen.text for seen in slow.screens[ann.sender]] == ["hello 0", "Mei here"]


async def test_a_takeover_in_the_middle_of_a_turn_silences_that_turn(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    ann_sender = row.lane.partition(":")[2]
    before = len(sim.channel.screens[ann_sender])
    staff = await sim.staff()
    for number in range(20):
        inbound = Inbound("telegram", f"x{number}", ann_sender, text=f"t{number}")
        await asyncio.gather(sim.runtime.accept([inbound]), sim.runtime.desk.take_over(row.id, staff.id))
        after = len(sim.channel.screens[ann_sender])
        await sim.runtime.idle()
        assert len(sim.channel.screens[ann_sender]) == after  # nothing left after the takeover had committed
        await sim.runtime.desk.give_back(row.id, staff.id)
        await sim.runtime.idle()
    assert len(sim.channel.screens[ann_sender]) >= before
    said = await Message.filter(conversation_id=row.id, author="customer", text__startswith="t").count()
    assert said == 20


async def test_while_a_person_owns_it_the_bot_keeps_what_comes_and_says_nothing(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    ann_screen = len(sim.channel.screens[row.lane.partition(":")[2]])
    staff = await sim.staff()
    await sim.runtime.desk.take_over(row.id, staff.id)
    await sim.deliver(Inbound("telegram", "k", row.lane.partition(":")[2], text="still there?"))
    assert len(sim.channel.screens[row.lane.partition(":")[2]]) == ann_screen
    row = await Conversation.get(id=row.id)
    assert (row.last_text, row.unread, row.last_author) == ("still there?", 1, "customer")


async def test_after_giving_back_the_open_question_is_put_again_and_answered(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await sim.customer()
    await ann.says("/ask")
    row, staff = await ann.conversation(), await sim.staff()
    await sim.runtime.desk.take_over(row.id, staff.id)
    await ann.says("Are you a person?")
    await sim.runtime.desk.give_back(row.id, staff.id)
    await sim.runtime.desk.give_back(row.id, staff.id)
    await sim.runtime.idle()
    assert [seen.text for seen in await ann.screen()] == ["Your name?", "Your name?"]
    await ann.says("Ann")
    assert (await ann.last()).text == "Hello Ann"


async def answered_elsewhere(sim: Simulator) -> Customer:
    """Ann, who was asked for her name and then answered by a person in the platform's own app."""
    ann = await sim.customer()
    await ann.says("/ask")
    await sim.deliver(ann._inbound(kind="echo", text="This is Li", external_id="e1"))
    return ann


async def test_who_answers_elsewhere_is_relieved_by_giving_back(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await answered_elsewhere(sim)
    before, staff = await ann.conversation(), await sim.staff()
    await sim.runtime.desk.give_back(before.id, staff.id)
    await sim.runtime.desk.give_back(before.id, staff.id)
    await sim.runtime.idle()
    row = await ann.conversation()
    assert (row.elsewhere_until, row.epoch) == (None, before.epoch + 1)
    assert [seen.text for seen in await ann.screen()] == ["Your name?", "Your name?"]
    await ann.says("Ann")
    assert (await ann.last()).text == "Hello Ann"
    assert await Message.filter(author="event", text="gave").count() == 1


async def test_who_takes_over_from_elsewhere_gives_back_to_the_bot(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await answered_elsewhere(sim)
    row, staff = await ann.conversation(), await sim.staff()
    await sim.runtime.desk.take_over(row.id, staff.id)
    assert (await ann.conversation()).elsewhere_until is None
    await sim.runtime.desk.give_back(row.id, staff.id)
    await sim.runtime.idle()
    await ann.says("Ann")
    assert (await ann.last()).text == "Hello Ann"


async def test_what_was_answered_elsewhere_and_closed_is_the_bots_again(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await answered_elsewhere(sim)
    before = await ann.conversation()
    await sim.runtime.desk.close(before.id, (await sim.staff()).id)
    row = await ann.conversation()
    assert (row.elsewhere_until, row.epoch) == (None, before.epoch + 1)
    await ann.says("Ann")
    assert (await ann.last()).text == "Hello Ann"


async def test_an_answer_elsewhere_that_is_long_ago_leaves_nothing_to_give_back(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await answered_elsewhere(sim)
    before = await ann.conversation()
    sim.now += timedelta(hours=3)
    await sim.runtime.desk.give_back(before.id, (await sim.staff()).id)
    assert (await ann.conversation()).epoch == before.epoch


async def test_staff_say_a_thing_once_per_client_id_and_only_as_the_owner(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    mei, tom = await sim.staff("Mei"), await sim.staff("Tom")
    with pytest.raises(Refused, match="not_owner"):
        await sim.runtime.desk.say(row.id, mei.id, "c1", "hi", ())
    await sim.runtime.desk.take_over(row.id, mei.id)
    with pytest.raises(Refused, match="not_owner"):
        await sim.runtime.desk.say(row.id, tom.id, "c1", "hi", ())
    seqs = await asyncio.gather(*(sim.runtime.desk.say(row.id, mei.id, "c1", "hi", ()) for _ in range(4)))
    await sim.runtime.idle()
    assert len(set(seqs)) == 1
    shown = [seen.text for seen in sim.channel.screens[row.lane.partition(":")[2]]]
    assert shown.count("hi") == 1
    assert (await Message.get(conversation_id=row.id, author="staff")).delivery == "sent"


async def test_a_note_never_leaves(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    shown = len(sim.channel.screens[row.lane.partition(":")[2]])
    await sim.runtime.desk.note(row.id, (await sim.staff()).id, "n1", "VIP", ())
    await sim.runtime.idle()
    assert len(sim.channel.screens[row.lane.partition(":")[2]]) == shown
    assert (await Conversation.get(id=row.id)).last_text == "hello 2"


async def test_a_colleague_takes_over_by_force_and_the_first_may_not_speak_any_more(world: Worlds) -> None:
    sim = await world([chatty()])
    row = await begun(sim)
    mei, tom = await sim.staff("Mei"), await sim.staff("Tom")
    await sim.runtime.desk.take_over(row.id, mei.id)
    await sim.runtime.desk.take_over(row.id, tom.id, force=True)
    with pytest.raises(Refused, match="not_owner"):
        await sim.runtime.desk.say(row.id, mei.id, "c1", "hi", ())
    assert (await Conversation.get(id=row.id)).owner_id == tom.id


async def test_patience_ends_where_the_takeover_begins_to_be_written(
    world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = await world([chatty()])
    row, staff = await begun(sim), await sim.staff()
    record = audit.record

    async def slowly(*facts: Any) -> None:
        await asyncio.sleep(0.3)
        await record(*facts)

    monkeypatch.setattr(staffing.audit, "record", slowly)
    monkeypatch.setattr(staffing, "PATIENCE", 0.1)
    await sim.runtime.desk.take_over(row.id, staff.id)
    assert (await Conversation.get(id=row.id)).owner_id == staff.id


async def test_a_takeover_whose_caller_gives_up_at_its_commit_silences_the_bot(
    small_world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = await small_world([chatty()])
    ann, slow = await addressed(sim)
    row, staff, committed, written = await ann.conversation(), await sim.staff(), asyncio.Event(), asyncio.Event()
    take = staffing.Staffing._take

    async def slowly(self: staffing.Staffing, *about: Any) -> tuple[int, str, list[int]]:
        made = await take(self, *about)
        committed.set()
        await written.wait()
        return made

    monkeypatch.setattr(staffing.Staffing, "_take", slowly)
    takeover = asyncio.create_task(sim.runtime.desk.take_over(row.id, staff.id))
    slow.gate.set()
    await committed.wait()
    takeover.cancel()
    await asyncio.sleep(0.02)
    written.set()
    await sim.runtime.idle()
    assert [seen.text for seen in slow.screens[ann.sender]] == ["hello 0"]
    assert (await Conversation.get(id=row.id)).owner_id == staff.id


async def test_what_staff_send_once_more_leaves_although_they_have_taken_over_since(world: Worlds) -> None:
    sim = await world([chatty()])
    ann = await sim.customer()
    sim.channel.failures.append(Unreachable("blocked"))
    await ann.says("hello")
    row, staff = await ann.conversation(), await sim.staff()
    await sim.runtime.desk.take_over(row.id, staff.id)
    await sim.runtime.parked.retry("effect", (await Effect.get(state="parked")).id)
    await sim.runtime.idle()
    async with asyncio.timeout(30):
        while await Effect.filter(state="pending").exists():
            await asyncio.sleep(0.01)
    assert [seen.text for seen in await ann.screen()] == ["hello 1", "hello 2", "hello 0"]


async def test_what_is_not_there_is_said(world: Worlds) -> None:
    sim = await world([chatty()])
    staff = await sim.staff()
    for doing in (sim.runtime.desk.take_over(99, staff.id), sim.runtime.desk.give_back(99, staff.id)):
        with pytest.raises(Refused, match="no_conversation"):
            await doing
    row = await begun(sim)
    await sim.runtime.desk.take_over(row.id, staff.id)
    with pytest.raises(Refused, match="no_file"):
        await sim.runtime.desk.say(row.id, staff.id, "c", "", (12345,))
