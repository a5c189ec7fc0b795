"""Dialogs from turn to turn: what is typed or tapped is understood, and each goes on where it was."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.callback import Callback
from bot.core.chat import Call, Chat
from bot.core.message import Button, Inbound
from bot.core.router import Router
from bot.runtime import numbering
from models import Dialog
from models import Inbound as InboundRow
from tests.kit.profiles import SMS
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import review


async def test_words_that_were_a_button_once_are_words_for_an_open_question(small_world: Worlds) -> None:
    sim = await small_world([review()])
    ann = await sim.customer()
    await ann.says("/review")
    await ann.says("5")
    await ann.says("4 ★")
    assert (await ann.last()).text == "Thanks: 5, 4 ★"


async def test_a_number_is_words_for_a_question_that_asks_for_words(small_world: Worlds) -> None:
    sim = await small_world([review()])
    ann = await sim.customer()
    for text in ("/review", "5", "2"):
        await ann.says(text)
    assert (await ann.last()).text == "Thanks: 5, 2"


async def test_a_typed_button_comes_back_typed_by_tap_number_and_label(small_world: Worlds) -> None:
    sim = await small_world([review()], SMS)
    ann = await sim.customer()
    for answer in ("1", "①", "buy TEA", "一"):
        await ann.says("/menu")
        await ann.says(answer)
        assert (await ann.last()).text == "Bought 2 tea"


class Follow(Callback):
    number: int


def news() -> Router:
    """A question, and beside it what is told of orders, all under the same label."""
    router = Router("news")

    @router.command("sure")
    async def sure(chat: Chat) -> None:
        chat.say(str(await chat.confirm("sure?")))

    @router.on(Follow)
    async def follow(chat: Chat, one: Follow) -> None:
        chat.say(f"Order {one.number}")

    @router.event("order")
    async def order(chat: Chat) -> None:
        chat.say("It left.", buttons=[Button("Follow", Follow(int(chat.inbound.data)).pack())])

    @router.fallback
    async def fallback(chat: Chat) -> None:
        chat.say("What?")

    return router


@pytest.mark.parametrize(
    ("typed", "answer"), [("follow", "Order 2"), ("3", "Order 1"), ("4", "Order 2"), ("1", "True")]
)
async def test_a_label_told_twice_beside_a_question_is_the_last_ones(
    small_world: Worlds, typed: str, answer: str
) -> None:
    sim = await small_world([news()], SMS)
    ann = await sim.customer()
    await ann.says("/sure")
    for number in ("1", "2"):
        await sim.deliver(Inbound(sim.account, number, ann.sender, "order", data=number))
    await ann.says(typed)
    assert await ann.sees(answer)


async def test_what_numbers_stand_for_beside_a_question_does_not_grow_for_ever(small_world: Worlds) -> None:
    sim = await small_world([news()], SMS)
    ann = await sim.customer()
    await ann.says("/sure")
    shown = []
    for number in range(1, 2 * numbering.MOST + 1):
        await sim.deliver(Inbound(sim.account, f"n{number}", ann.sender, "order", data=str(number)))
        shown.append(int((await ann.last()).text.split("\n")[-1].partition(".")[0]))
    assert shown == [*range(3, numbering.MOST + 3)] * 2
    await ann.says(str(shown[-1]))
    assert await ann.sees(f"Order {2 * numbering.MOST}")


@pytest.mark.parametrize("data", ["buy:tea", "buy:tea:many", "sell:1", "a:gone:0:1", f"a:x:{'9' * 50}:1", "d:run:x"])
async def test_a_button_of_another_version_or_a_stranger_is_told_to_be_stale(small_world: Worlds, data: str) -> None:
    sim = await small_world([review()])
    ann = await sim.customer()
    await ann._send(kind="callback", data=data)
    assert [seen.text for seen in await ann.screen()] == ["That button is from earlier and no longer works."]
    assert [row.state for row in await InboundRow.all()] == ["done"]


async def test_an_old_button_of_an_answered_question_asks_the_open_one_again(small_world: Worlds) -> None:
    sim = await small_world([review()])
    ann = await sim.customer()
    await ann.says("/review")
    five = (await ann.last()).buttons[4]
    await ann.taps(five)
    await ann.taps(five)
    assert [seen.text for seen in await ann.screen()][-2:] == [
        "That button is from earlier and no longer works.", "Which words?",
    ]  # fmt: skip


async def test_a_reminder_comes_once_and_the_end_at_its_time(small_world: Worlds) -> None:
    sim = await small_world([review()])
    ann = await sim.customer()
    await ann.says("/review")
    await sim.passes("59m")
    assert await ann.times("Are you still there?") == 0
    for span in ("1m", "1m", "5h"):
        await sim.passes(span)
    assert await ann.times("Are you still there?") == 1
    await sim.passes("17h")
    assert await Dialog.all().count() == 1
    await sim.passes("1h")
    assert await Dialog.all().count() == 0
    assert (await ann.last()).text.startswith("I have closed what we had begun")


async def test_a_call_that_runs_leaves_the_word_to_the_dialog_that_asks(small_world: Worlds) -> None:
    router, gate = review(), asyncio.Event()
    call = Call("slow", str)

    @router.command("slow")
    async def slow(chat: Chat) -> None:
        done = await chat.call(call)
        chat.say(done)

    sim = await small_world([router])

    async def callee(key: str) -> str:
        await gate.wait()
        return "slow is done"

    sim.runtime.attempts._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
    ann = await sim.customer()
    for text in ("/slow", "/review", "5", "great"):
        await sim.runtime.accept([ann._inbound(text=text)])
        while sim.runtime._lanes.size:
            await asyncio.sleep(0.001)
    gate.set()
    await sim.runtime.idle()
    assert [seen.text for seen in await ann.screen()] == [
        "How many stars?", "Which words?", "Thanks: 5, great", "slow is done",
    ]  # fmt: skip


async def test_a_dialog_that_comes_back_from_a_call_sets_aside_the_one_that_asks(small_world: Worlds) -> None:
    router, gate = review(), asyncio.Event()

    @router.command("slow")
    async def slow(chat: Chat) -> None:
        await chat.call(Call("slow", str))
        chat.say(f"Noted: {await chat.ask('Which size?')}")

    sim = await small_world([router])

    async def callee(key: str) -> str:
        await gate.wait()
        return "done"

    sim.runtime.attempts._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
    ann = await sim.customer()
    for text in ("/slow", "/review"):
        await sim.runtime.accept([ann._inbound(text=text)])
        while sim.runtime._lanes.size:
            await asyncio.sleep(0.001)
    gate.set()
    await sim.runtime.idle()
    await ann.says("large")
    shown = [seen.text for seen in await ann.screen()]
    assert shown[:3] == ["How many stars?", "Which size?", "Noted: large"]
    assert "We had not finished: How many stars?" in shown[3]


async def test_a_dialog_that_a_deploy_changed_starts_again_and_may_call_again(small_world: Worlds) -> None:
    router, questions = Router("slow"), ["Which size?", "How many?"]

    @router.command("slow")
    async def slow(chat: Chat) -> None:
        called = await chat.call(Call("slow", str))
        chat.say(" ".join([called, *[await chat.ask(question) for question in questions]]))

    sim = await small_world([router])
    calls: list[str] = []

    async def callee(key: str) -> str:
        calls.append(key)
        return "done"

    sim.runtime.attempts._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
    ann = await sim.customer()
    await ann.says("/slow")
    await ann.says("large")
    questions[:] = ["Which colour?"]
    await ann.says("3")
    await ann.says("red")
    assert [seen.text for seen in await ann.screen()] == [
        "Which size?", "How many?", "Sorry, this has changed in the meantime. Let us start again.", "Which colour?",
        "done red",
    ]  # fmt: skip
    assert len(set(calls)) == 2


async def test_an_answer_is_not_taken_for_another_question(small_world: Worlds) -> None:
    router, questions = Router("slow"), ["Which size?"]

    @router.command("slow")
    async def slow(chat: Chat) -> None:
        chat.say(f"{questions[0]} {await chat.ask(questions[0])}")

    sim = await small_world([router])
    ann = await sim.customer()
    await ann.says("/slow")
    questions[:] = ["Your name?"]
    await ann.says("large")
    await ann.says("Ann")
    assert [seen.text for seen in await ann.screen()][-2:] == ["Your name?", "Your name? Ann"]


async def test_a_dialog_whose_handler_is_gone_ends_with_a_word(small_world: Worlds) -> None:
    router = review()
    sim = await small_world([router])
    ann = await sim.customer()
    await ann.says("/review")
    del sim.runtime._parts.shop.routes.handlers["review.leave"]
    await ann.says("great")
    await ann.says("hello")
    assert [seen.text for seen in await ann.screen()][1:] == [
        "Sorry, this has changed in the meantime. Let us start again.", "What?",
    ]  # fmt: skip
    assert not await Dialog.all().exists()


@pytest.mark.parametrize("how", ["a stale button", "given back", "back", "a wrong answer", "resumed"])
async def test_a_question_that_is_put_again_does_not_repeat_what_led_to_it(small_world: Worlds, how: str) -> None:
    router = Router("tea")

    @router.command("tea")
    async def tea(chat: Chat) -> None:
        kind = await chat.choose("Which tea?", ["green", "black"])
        chat.say(f"A good choice: {kind}.")
        await chat.hand_over("A tea was chosen")
        stars = await chat.rate("How many stars?")
        chat.say(f"{stars} it is.")
        await chat.ask("Which words?")
        chat.say("Thanks")

    @router.fallback
    async def other(chat: Chat) -> None:
        chat.say("What?")

    sim = await small_world([router])
    ann = await sim.customer()
    for words in ("/tea", "green"):
        await ann.says(words)
    match how:
        case "a stale button":
            await ann._send(kind="callback", data="nobody:knows")
        case "given back":
            staff, talk = await sim.staff("Li"), await ann.conversation()
            await sim.runtime.desk.take_over(talk.id, staff.id)
            await sim.runtime.desk.give_back(talk.id, staff.id)
            await sim.runtime.idle()
        case "back":
            await ann.says("5")
            await ann.says("back")
        case "a wrong answer":
            await ann.says("many")
        case "resumed":
            await ann.says("later")
            await ann.says("hm")
            await ann.picks("Go on")
    assert (await ann.last()).text.endswith("How many stars?")
    asked = 3 if how == "resumed" else 2  # the offer to go on names the question, too
    assert (await ann.times("A good choice: green."), await ann.times("How many stars?")) == (1, asked)
    for words in ("4", "fine"):
        await ann.says(words)
    assert (await ann.times("4 it is."), await ann.times("Thanks")) == (1, 1)
