"""The chat: the four verbs, the journal that they leave, and replay that repeats neither words nor deeds."""

from __future__ import annotations

import pytest

from bot.core.chat import Call, CallFailed, Chat
from bot.core.errors import Refused
from bot.core.journal import JournalMismatch, dump, load
from bot.core.message import Inbound
from bot.core.question import Incoming
from bot.core.registry import reads
from bot.core.text import _
from tests.unit.core.play import Host, Play, texts


async def save(host: Host, name: str) -> str:
    """A service that writes."""
    return f"saved {name}"


@reads
async def look(host: Host) -> list[str]:
    """A service that reads."""
    return ["Longjing", "Sencha"]


async def refuse(host: Host) -> str:
    """A service that says no."""
    raise Refused("sold_out", sku="tea")


OPEN = Call("open", str)


async def test_replay_says_and_does_nothing_twice() -> None:
    async def order(chat: Chat) -> None:
        chat.say("Welcome")
        tea = await chat.choose("Which tea?", await chat.do(look))
        chat.say(f"You chose {tea}")
        saved = await chat.do(save, tea)
        name = await chat.ask("Your name?")
        chat.say(f"{saved} for {name}")

    play = Play(order)
    assert texts(await play.turn()) == ["Welcome", "Which tea?"]
    assert texts(await play.says("2")) == ["You chose Sencha", "Your name?"]
    assert texts(await play.says("Ann")) == ["saved Sencha for Ann"]
    assert (play.ended, play.host.ran) == (True, ["look", "save"])


async def test_a_refusal_is_raised_now_and_in_every_replay_without_running_the_service_again() -> None:
    async def buy(chat: Chat) -> None:
        try:
            await chat.do(refuse)
        except Refused as error:
            chat.say(f"{error.code} {error.facts['sku']}")
            await chat.ask("Another?")
            chat.say("bye")

    play = Play(buy)
    assert texts(await play.turn()) == ["sold_out tea", "Another?"]
    assert texts(await play.says("no")) == ["bye"]
    assert play.host.ran == ["refuse"]


async def test_a_call_suspends_until_its_result_and_gives_it_typed() -> None:
    async def pay(chat: Chat) -> None:
        url = await chat.call(OPEN, "key")
        chat.say(f"Pay at {url}")

    play = Play(pay)
    outcome = await play.turn()
    assert outcome.requested is not None
    assert (outcome.requested.name, outcome.requested.args, outcome.requested.position) == ("open", ["key"], 0)
    result = Inbound("webchat", "call:tok:0", "ann", "result", data="tok", native={"value": "https://pay"})
    assert texts(await play.turn(Incoming(result))) == ["Pay at https://pay"]
    assert texts(await play.turn()) == ["Pay at https://pay"]  # nothing was asked, so a replay has arrived at the end


async def test_a_call_that_failed_for_good_can_be_told() -> None:
    async def pay(chat: Chat) -> None:
        try:
            await chat.call(OPEN)
        except CallFailed as error:
            chat.say(f"no: {error}")

    play = Play(pay)
    await play.turn()
    result = Inbound("webchat", "r", "ann", "result", data="tok", native={"error": {"text": "bank is closed"}})
    assert texts(await play.turn(Incoming(result))) == ["no: bank is closed"]


async def test_a_dialog_that_changed_under_an_answer_is_a_mismatch() -> None:
    async def first(chat: Chat) -> None:
        await chat.ask("Name?")

    async def renamed(chat: Chat) -> None:
        await chat.ask("Your name?")
        await chat.ask("More?")

    async def does_first(chat: Chat) -> None:
        await chat.do(save, "x")
        await chat.ask("Name?")

    play = Play(first)
    await play.turn()
    play.handler = does_first
    with pytest.raises(JournalMismatch, match=r"the dialog does 'test_chat\.save' first"):
        await play.says("Ann")
    play = Play(first)
    await play.turn()
    await play.says("Ann")
    play.handler = renamed
    with pytest.raises(JournalMismatch, match="journal has ask 'Name"):
        await play.turn()


async def test_handing_over_happens_once() -> None:
    async def person(chat: Chat) -> None:
        await chat.hand_over(_("wants a person"), priority="high")
        await chat.ask("What is it about?")

    play = Play(person)
    first = await play.turn()
    assert first.hand_over is not None
    assert (first.hand_over.reason, first.hand_over.priority) == ("wants a person", "high")
    assert (await play.says("tea")).hand_over is None


async def test_a_language_is_spoken_from_the_switch_on_and_after_a_replay() -> None:
    async def talk(chat: Chat) -> None:
        chat.switch("zh")
        await chat.ask(_("Name?"))
        chat.say(chat.locale)

    play = Play(talk)
    await play.turn()
    assert texts(await play.says("Ann")) == ["zh"]


async def test_suspension_passes_a_handler_that_catches_every_exception() -> None:
    async def careless(chat: Chat) -> None:
        try:
            await chat.ask("Name?")
        except Exception:
            chat.say("swallowed")

    play = Play(careless)
    assert texts(await play.turn()) == ["Name?"]
    assert not play.ended


async def test_a_step_back_asks_the_question_before_once_more() -> None:
    async def two(chat: Chat) -> None:
        one = await chat.ask("One?")
        await chat.do(look)
        chat.say(f"{one} {await chat.ask('Two?')}")

    play = Play(two)
    await play.turn()
    await play.says("a")
    journal = load(play.stored)
    assert journal.step_back()
    play.stored = dump(journal)
    assert texts(await play.turn()) == ["One?"]
    await play.says("b")
    assert texts(await play.says("c")) == ["b c"]
    assert play.host.ran == ["look", "look"]
