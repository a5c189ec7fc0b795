"""A person takes over: the bot is silent on every channel, and asks again when it has the word back."""

from __future__ import annotations

import pytest

from bot.core.errors import ChannelUnavailable, Refused
from bot.services import conversations
from models import Conversation, Effect, Message
from tests.kit.simulator import Simulator
from tests.scenarios.shopkeeping import stock


async def test_the_bot_is_silent_until_it_gets_the_word_back(sim: Simulator) -> None:
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("review")
    talk = await ann.conversation()
    await sim.runtime.desk.take_over(talk.id, mei.id)
    before = len(await ann.screen())
    await ann.says("hello?")
    await ann.says("5")
    assert len(await ann.screen()) == before

    await sim.runtime.desk.say(talk.id, mei.id, "m1", "Hello Ann", ())
    await sim.runtime.desk.say(talk.id, mei.id, "m1", "Hello Ann", ())
    await sim.runtime.desk.note(talk.id, mei.id, "n1", "a kind customer", ())
    await sim.runtime.idle()
    assert await ann.times("Hello Ann") == 1
    assert not await ann.sees("a kind customer")

    await sim.runtime.desk.give_back(talk.id, mei.id)
    await sim.runtime.idle()
    assert "How was it?" in (await ann.last()).text
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_money_is_settled_in_silence(sim: Simulator) -> None:
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("/shop")
    await ann.picks("Add to cart")
    await ann.picks("Check out")
    for text in ("Ann", "13800138000", "Hangzhou"):
        await ann.says(text)
    await ann.picks("Place the order")
    await sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    before = len(await ann.screen())
    await ann.pays()
    assert len(await ann.screen()) == before
    assert await Effect.filter(author="bot", state="pending").count() == 0


async def test_asking_for_a_person_shows_at_the_desk(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("人工")
    await ann.says("My tin was dented")
    row = await Conversation.get()
    assert (row.reason, row.waiting_since) == ("My tin was dented", sim.now)
    assert await ann.times("I have called a colleague") == 1


async def test_two_colleagues_cannot_both_own_it(one_sim: Simulator) -> None:
    ann, mei, lin = await one_sim.customer(), await one_sim.staff("Mei"), await one_sim.staff("Lin")
    await ann.says("hello")
    talk = await ann.conversation()
    await one_sim.runtime.desk.take_over(talk.id, mei.id)
    with pytest.raises(Refused) as refusal:
        await one_sim.runtime.desk.take_over(talk.id, lin.id)
    assert (refusal.value.code, refusal.value.facts) == ("taken", {"owner": "Mei"})
    with pytest.raises(Refused, match="not_owner"):
        await one_sim.runtime.desk.say(talk.id, lin.id, "x", "hi", ())


async def test_what_the_bot_had_queued_does_not_leave_after_a_takeover(one_sim: Simulator) -> None:
    ann, mei = await one_sim.customer(), await one_sim.staff("Mei")
    await ann.says("hello")
    one_sim.channel.failures += [ChannelUnavailable("down")] * 3
    await one_sim.runtime.accept([ann._inbound(text="help")])
    while not await Effect.filter(state="pending", attempts=1).exists():
        pass
    before = len(await ann.screen())
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    one_sim.channel.failures.clear()
    await one_sim.restarts()
    await one_sim.runtime.idle()
    assert len(await ann.screen()) == before
    assert await Message.filter(author="bot", delivery="queued").count() == 0


async def test_who_has_waited_longest_is_the_first_of_those_who_wait(one_sim: Simulator) -> None:
    talks = []
    for name in ("Ann", "Bob", "Cleo"):
        one = await one_sim.customer(name)
        await one.says("talk to a person")
        await one.says("my parcel")
        talks.append((await one.conversation()).id)
        await one_sim.passes("5m")
    first = await conversations.listed("waiting", 1, limit=2)
    rest = await conversations.listed("waiting", 1, first.next)
    assert [[row.id for row in page.items] for page in (first, rest)] == [talks[:2], talks[2:]]
    assert [row.id for row in (await conversations.listed("all", 1)).items] == talks[::-1]
