"""Turns that fail or hang: they leave nothing behind, stop nobody else, and are parked in the end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.router import Router
from bot.runtime import failures as failures_module
from bot.runtime import guard as guard_module
from bot.runtime.blocking import Watch
from models import Attachment
from models import Inbound as InboundRow
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import APOLOGY, Faulty, actions, mark, thread


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
    assert (row.attention, row.waiting_since is not None) == ("turn", True)
    assert await actions() == ["good", "good too"]


@pytest.mark.usefixtures("at_once")
async def test_nobody_apologises_to_a_machine(small_world: Worlds) -> None:
    router = Router("failing")

    @router.command("stop", stops=True)
    async def stop(chat: Chat) -> None:
        raise ZeroDivisionError("a bug")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Good")

    sim = await small_world([router])
    ann = await sim.customer()
    await ann.says("good")
    await sim.deliver(ann._inbound(text="stop", automatic=True))
    assert await thread(f"telegram:{ann.sender}") == [("customer", "good"), ("bot", "Good"), ("customer", "stop")]
    assert (await ann.conversation()).attention == "turn"


@pytest.mark.usefixtures("at_once")
async def test_staff_try_a_parked_message_again_and_it_stands_in_the_thread_once(world: Worlds) -> None:
    faulty = Faulty(5)
    sim = await world([faulty.router])
    ann = await sim.customer()
    await ann.says("hm")
    await sim.runtime.parked.retry("inbound", (await InboundRow.get()).id)
    await sim.runtime.idle()
    assert [author for author, text in await thread(f"telegram:{ann.sender}") if text == "hm"] == ["customer"]
    assert [seen.text for seen in await ann.screen()] == [APOLOGY, "Before hm", "After hm"]
    assert (await InboundRow.get()).state == "done"
    with pytest.raises(Refused, match="no_failure"):
        await sim.runtime.parked.retry("inbound", 1)


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
async def test_a_message_that_was_erased_before_its_next_try_is_not_tried(world: Worlds) -> None:
    router, tries = Router("failing"), []

    @router.fallback
    async def answer(chat: Chat) -> None:
        tries.append(chat.inbound.text)
        await InboundRow.all().delete()  # as an erasure does, in any process
        raise ZeroDivisionError("a bug")

    sim = await world([router])
    await (await sim.customer()).says("hm")
    assert tries == ["hm"]


@pytest.mark.usefixtures("at_once")
async def test_of_two_who_try_a_parked_message_again_only_one_does(world: Worlds) -> None:
    sim = await world([Faulty(5).router])
    ann = await sim.customer()
    await ann.says("hm")
    failed = (await InboundRow.get()).id
    clicks = (sim.runtime.parked.retry("inbound", failed) for _ in range(2))
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
    sim.runtime._worker._turn_timeout = 0.15
    sim.runtime._worker.start()
    ann = await sim.customer("Ann")
    await ann.says("hang")
    assert [seen.text for seen in await ann.screen()] == [APOLOGY]
    assert (await InboundRow.get()).error.startswith("HeldUp" if writes else "TimeoutError")
    assert len(begun) == (6 if writes else 1)  # each of the three tries within a transaction began outside of one
    assert await actions() == []


@pytest.mark.usefixtures("at_once")
async def test_who_hangs_in_a_transaction_keeps_the_others_waiting_for_a_moment_only(
    world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.2)
    router, hangs = Router("slow"), asyncio.Event()

    @router.fallback
    async def answer(chat: Chat) -> None:
        await chat.do(mark, chat.inbound.text)
        if chat.inbound.text == "hang":
            hangs.set()
            await asyncio.Event().wait()
        chat.say("Done")

    sim = await world([router])
    eve, ann = await sim.customer("Eve"), await sim.customer("Ann")
    await sim.runtime.accept([eve._inbound(text="hang")])
    await hangs.wait()
    async with asyncio.timeout(5):  # a turn may take ten seconds
        await sim.runtime.accept([ann._inbound(text="pay")])
        while not await ann.screen():
            await asyncio.sleep(0.01)
    await sim.runtime.idle()
    assert [seen.text for seen in await ann.screen()] == ["Done"]
    assert [seen.text for seen in await eve.screen()] == [APOLOGY]
    assert await actions() == ["pay"]


@pytest.mark.timeout(60, method="thread")  # the alarm is what cuts a handler off
@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("writes", [False, True], ids=["free", "in a transaction"])
async def test_a_handler_that_blocks_the_process_is_a_turn_that_failed(
    small_world: Worlds, monkeypatch: pytest.MonkeyPatch, writes: bool
) -> None:
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.2)
    router, begun = Router("slow"), []

    @router.fallback
    async def answer(chat: Chat) -> None:
        if chat.inbound.text == "block":
            begun.append(1)
            if writes:
                await chat.do(mark, "begun")
            time.sleep(30)
        chat.say("Done")

    sim = await small_world([router])
    await sim.runtime._worker.stop()
    sim.runtime._worker._watching = Watch(0.05)
    sim.runtime._worker.start()
    eve, ann = await sim.customer("Eve"), await sim.customer("Ann")
    await sim.runtime.accept([eve._inbound(text="block"), ann._inbound(text="good")])
    await sim.runtime.idle()
    assert [seen.text for seen in await ann.screen()] == ["Done"]
    assert [seen.text for seen in await eve.screen()] == [APOLOGY]
    parked = await InboundRow.get(state="parked")
    assert (parked.attempts, parked.error.partition(":")[0]) == (5, "HandlerBlocked")
    assert len(begun) == (10 if writes else 5)
    assert await actions() == []
