"""Turns: a handler that fails leaves nothing behind and stops nobody else; a dialog goes on where it was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.core.callback import Callback
from bot.core.chat import Call, Chat
from bot.core.errors import Refused
from bot.core.message import Button, FileRef, Inbound
from bot.core.profiles import SMS
from bot.core.router import Router
from bot.runtime import failures as failures_module
from bot.services import attachments
from bot.services.scope import Scope
from models import Attachment, Audit, Contact, Conversation, Dialog, Effect, Identity, Message
from models import Inbound as InboundRow
from tests.unit.runtime.conftest import Worlds

APOLOGY = "Sorry, something went wrong on our side. A colleague will look at it."


class Buy(Callback):
    sku: str
    quantity: int = 1


async def mark(scope: Scope, action: str) -> None:
    """A service that writes."""
    await Audit.create(action=action, at=scope.now)


async def mark_and_refuse(scope: Scope, action: str) -> None:
    """A service that says no after it has written."""
    await Audit.create(action=action, at=scope.now)
    raise Refused("no")


class Faulty:
    """Handlers that fail so many times."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.router = Router("faulty")
        self.router.fallback(self.router.files(self.answer))

    async def answer(self, chat: Chat) -> None:
        chat.say(f"Before {chat.inbound.text}")
        await chat.do(mark, chat.inbound.text or "file")
        if self.left and not chat.inbound.text.startswith("good"):
            self.left -= 1
            raise ZeroDivisionError("a bug")
        chat.say(f"After {chat.inbound.text}")


async def actions() -> list[str]:
    return [row.action for row in await Audit.all().order_by("id")]


async def thread(lane: str) -> list[tuple[str, str]]:
    """Author and text of everything in a conversation."""
    rows = await Message.filter(conversation__lane=lane).order_by("seq")
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [(row.author, row.text) for row in rows]


@pytest.mark.usefixtures("at_once")
async def test_a_turn_that_fails_leaves_nothing_behind_and_is_tried_again(world: Worlds) -> None:
    sim = await world([Faulty(2).router])
    ann = await sim.customer()
    await ann.says("hi")
    assert await thread(f"telegram:{ann.sender}") == [("customer", "hi"), ("bot", "Before hi"), ("bot", "After hi")]
    assert await actions() == ["hi"]
    assert [row.state for row in await InboundRow.all()] == ["done"]
    assert [seen.text for seen in await ann.screen()] == ["Before hi", "After hi"]


@pytest.mark.usefixtures("at_once")
async def test_a_file_of_a_turn_that_failed_is_one_file_after_the_retry(world: Worlds) -> None:
    sim = await world([Faulty(2).router])
    ann = await sim.customer()
    await ann.sends("tea.txt", b"tea", kind="file")
    assert [(row.name, row.message_seq) for row in await Attachment.all()] == [("tea.txt", 1)]


@pytest.mark.usefixtures("at_once")
async def test_a_poison_message_is_parked_with_an_apology_and_stops_nobody(world: Worlds) -> None:
    sim = await world([Faulty(10**6).router])
    ann, bob = await sim.customer("Ann"), await sim.customer("Bob")
    await sim.runtime.accept([ann._inbound(text="poison"), bob._inbound(text="good"), ann._inbound(text="good too")])
    await sim.runtime.idle()
    assert await thread(f"telegram:{bob.sender}") == [
        ("customer", "good"),
        ("bot", "Before good"),
        ("bot", "After good"),
    ]
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "poison"), ("bot", APOLOGY),
        ("customer", "good too"), ("bot", "Before good too"), ("bot", "After good too"),
    ]  # fmt: skip
    parked = await InboundRow.get(state="parked")
    assert (parked.attempts, parked.error) == (5, "ZeroDivisionError: a bug")
    row = await ann.conversation()
    assert (row.attention, row.waiting_since is not None) == ("A message could not be handled; see Failures.", True)
    assert await actions() == ["good", "good too"]


@pytest.mark.usefixtures("at_once")
async def test_staff_try_a_parked_message_again_and_it_stands_in_the_thread_once(world: Worlds) -> None:
    faulty = Faulty(5)
    sim = await world([faulty.router])
    ann = await sim.customer()
    await ann.says("hm")
    await sim.runtime.retry_failure("inbound", (await InboundRow.get()).id)
    await sim.runtime.idle()
    assert [author for author, text in await thread(f"telegram:{ann.sender}") if text == "hm"] == ["customer"]
    assert [seen.text for seen in await ann.screen()] == [APOLOGY, "Before hm", "After hm"]
    assert (await InboundRow.get()).state == "done"
    with pytest.raises(Refused, match="no_failure"):
        await sim.runtime.retry_failure("inbound", 1)


@pytest.mark.usefixtures("at_once")
async def test_a_message_that_comes_again_after_its_inbound_was_pruned_does_not_block_its_lane(world: Worlds) -> None:
    sim = await world([Faulty(0).router])
    ann = await sim.customer()
    await ann._send(text="good", client_id="c1")
    await InboundRow.all().delete()
    await ann._send(text="good", client_id="c1")
    await ann._send(text="good too", client_id="c2")
    said = [text for author, text in await thread(f"telegram:{ann.sender}") if author == "customer"]
    assert said == ["good", "good too"]
    assert [row.state for row in await InboundRow.all().order_by("id")] == ["parked", "done"]


@pytest.mark.usefixtures("at_once")
async def test_of_two_who_try_a_parked_message_again_only_one_does(world: Worlds) -> None:
    sim = await world([Faulty(5).router])
    ann = await sim.customer()
    await ann.says("hm")
    failed = (await InboundRow.get()).id
    clicks = (sim.runtime.retry_failure("inbound", failed) for _ in range(2))
    refused = [one for one in await asyncio.gather(*clicks, return_exceptions=True) if one]
    await sim.runtime.idle()
    assert [str(one) for one in refused] == ["no_failure"]
    assert [seen.text for seen in await ann.screen()] == [APOLOGY, "Before hm", "After hm"]
    assert sim.runtime.waiting == 0


@pytest.mark.usefixtures("at_once")
async def test_a_failure_that_cannot_be_recorded_ends_neither_the_worker_nor_a_good_turn_twice(
    world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = await world([Faulty(1).router])
    write, broken = failures_module.Failures._write, [RuntimeError("the record cannot be written")]

    async def breaks_once(self: Any, *args: Any, **kwargs: Any) -> None:
        if broken:
            raise broken.pop()
        await write(self, *args, **kwargs)

    monkeypatch.setattr(failures_module.Failures, "_write", breaks_once)
    ann, bob = await sim.customer("Ann"), await sim.customer("Bob")
    await sim.runtime.accept([bob._inbound(text="good"), ann._inbound(text="bad")])
    await sim.runtime.idle()
    assert sorted(await actions()) == ["bad", "good"]
    assert len(await thread(f"telegram:{bob.sender}")) == 3


async def test_a_handler_that_hangs_holds_up_nobody_else(world: Worlds) -> None:
    router, gate = Router("slow"), asyncio.Event()

    @router.fallback
    async def answer(chat: Chat) -> None:
        if chat.inbound.text == "hang":
            await gate.wait()
        await chat.do(mark, chat.inbound.text)
        chat.say(f"Heard {chat.inbound.text}")

    sim = await world([router])
    ann, bob = await sim.customer("Ann"), await sim.customer("Bob")
    await sim.runtime.accept([ann._inbound(text="hang"), bob._inbound(text="good")])
    async with asyncio.timeout(30):
        while await actions() != ["good"]:
            await asyncio.sleep(0.01)
    gate.set()
    await sim.runtime.idle()
    assert await actions() == ["good", "hang"]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("writes", [False, True], ids=["free", "in a transaction"])
async def test_a_handler_that_never_returns_is_given_up(small_world: Worlds, writes: bool) -> None:
    router, begun = Router("slow"), []

    @router.fallback
    async def answer(chat: Chat) -> None:
        begun.append(1)
        if writes:
            await chat.do(mark, "begun")
        await asyncio.Event().wait()

    sim = await small_world([router])
    await sim.runtime._worker.stop()
    sim.runtime._worker._turn_timeout = 0.1
    sim.runtime._worker.start()
    ann = await sim.customer("Ann")
    await ann.says("hang")
    assert [seen.text for seen in await ann.screen()] == [APOLOGY]
    assert (await InboundRow.get()).error.startswith("TimeoutError")
    assert await actions() == []


async def test_a_turn_that_read_what_staff_changed_meanwhile_runs_again(world: Worlds) -> None:
    router, reading, gate = Router("slow"), asyncio.Event(), asyncio.Event()

    @router.fallback
    async def answer(chat: Chat) -> None:
        if chat.inbound.text == "hang":
            reading.set()
            await gate.wait()
        chat.say(f"Heard {chat.inbound.text}")

    sim = await world([router])
    ann = await sim.customer("Ann")
    await ann.says("hi")
    staff = await sim.staff("Li")
    await sim.runtime.accept([ann._inbound(text="hang")])
    await reading.wait()
    await sim.runtime.note((await ann.conversation()).id, staff.id, "n1", "A note", ())
    await sim.runtime.take_over((await ann.conversation()).id, staff.id)
    gate.set()
    await sim.runtime.idle()
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "hi"), ("bot", "Heard hi"), ("note", "A note"), ("event", "Li took over"), ("customer", "hang"),
    ]  # fmt: skip


async def test_what_is_remembered_of_a_conversation_is_read_again_when_its_person_changed(world: Worlds) -> None:
    router = Router("who")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"You are {chat.person.name}, {'staff' if chat.person.is_staff else 'a customer'}")

    sim = await world([router])
    ann = await sim.customer("Ann")
    await ann.says("hi")
    await Contact.filter(id=(await ann.conversation()).contact_id).update(name="Anna")
    await ann.says("and now?")
    staff = await sim.staff("Li")
    await Identity.filter(external_id=ann.sender).update(staff_id=staff.id)
    await ann.says("and now?")
    assert [seen.text for seen in await ann.screen()] == [
        "You are Ann, a customer", "You are Anna, a customer", "You are Anna, staff",
    ]  # fmt: skip


async def test_a_refused_service_is_undone_and_the_turn_goes_on(world: Worlds) -> None:
    router = Router("shop")

    @router.fallback
    async def answer(chat: Chat) -> None:
        await chat.do(mark, "before")
        try:
            await chat.do(mark_and_refuse, "refused")
        except Refused:
            chat.say("Not possible")
        await chat.do(mark, "after")

    sim = await world([router])
    ann = await sim.customer()
    await ann.says("hi")
    assert await actions() == ["before", "after"]
    assert (await ann.last()).text == "Not possible"


def review() -> Router:
    """A dialog of two questions, one with buttons."""
    router = Router("review")

    @router.command("review", "rate it", menu=1)
    async def leave(chat: Chat) -> None:
        stars = await chat.rate("How many stars?", remind="1h", expire="1d")
        text = await chat.ask("Which words?")
        chat.say(f"Thanks: {stars}, {text}")

    @router.command("menu")
    async def menu(chat: Chat) -> None:
        chat.say("Menu", buttons=[Button("Buy tea", Buy("tea", 2).pack())])

    @router.on(Buy)
    async def buy(chat: Chat, button: Buy) -> None:
        chat.say(f"Bought {button.quantity} {button.sku}")

    @router.fallback
    async def fallback(chat: Chat) -> None:
        chat.say("What?")

    return router


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

    sim.runtime.effects._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
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

    sim.runtime.effects._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
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

    sim.runtime.effects._executors["call"]._callees["slow"] = callee  # type: ignore[attr-defined]
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


async def test_what_is_left_of_a_stranger_makes_no_contact(world: Worlds) -> None:
    sim = await world([review()])
    left = [Inbound("telegram", kind, "gone", kind, data="x") for kind in ("timer", "result", "order", "unknown")]
    await sim.runtime.accept(left)
    await sim.runtime.idle()
    assert not await Conversation.all().exists()
    assert {row.state for row in await InboundRow.all()} == {"done"}


async def test_only_the_customer_opens_a_closed_conversation_again(world: Worlds) -> None:
    sim = await world([review()])
    ann = await sim.customer()
    await ann.says("/review")
    staff = await sim.staff("Li")
    await sim.runtime.close_conversation((await ann.conversation()).id, staff.id)
    await sim.passes("2h")
    assert await ann.times("Are you still there?") == 1
    assert (await ann.conversation()).closed_at is not None
    await ann.says("5")
    assert (await ann.conversation()).closed_at is None


async def test_new_people_and_their_files_are_made_with_their_first_message(world: Worlds) -> None:
    router = Router("files")

    @router.fallback
    async def fallback(chat: Chat) -> None:
        chat.say(f"Got {len(chat.attachments)}")

    sim = await world([router])
    ann = await sim.customer()
    sim.channel.uploads["ref"] = b"tea"
    inbound = Inbound(
        "telegram", "1", ann.sender, text="x", files=(FileRef("file", "ref", "a.txt", size=3),), name="Ann"
    )
    await asyncio.gather(*(sim.runtime.accept([inbound]) for _ in range(3)))
    await sim.runtime.idle()
    row = await Conversation.get().prefetch_related("contact")
    assert (row.contact.name, row.last_seq, row.last_text) == ("Ann", 2, "Got 1")
    [file] = await Attachment.all()
    assert file.state == "stored"
    assert (await attachments.details(file.id)) is not None
    assert {effect.state for effect in await Effect.all()} == {"done"}
