"""What a platform says later of what we sent: delivered, read, failed; of each wire, where a message has several."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import BadInput, ChannelUnavailable
from bot.runtime.attempts import DONE
from bot.runtime.ledger import Item, _merged
from bot.runtime.platforms import pieces
from bot.runtime.writes import NewEffect
from models import Effect, Inbound, Message, MessagePiece
from models.engines.postgres_bulk import whole
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import START, Customer, Simulator
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.ticking import NARROW, TICKS, delivery, in_pieces, opened, three, twice


async def test_ticks_are_of_the_message_that_they_name(world: Worlds) -> None:
    sim, ann = await opened(world)
    await ann.says("one")
    await ann.says("two")
    await sim.deliver(ann._inbound(kind="status", data="delivered", about="w2"))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["sent", "delivered"]
    await sim.deliver(ann._inbound(kind="status", data="read", about="w2"))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "read"]


async def test_a_tick_never_goes_back(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    for data in ("read", "delivered", "sent", "failed"):
        await sim.deliver(ann._inbound(kind="status", data=data, about="w1"))
    assert await delivery() == ("read", "")


async def test_a_failure_that_comes_later_is_told_to_staff(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="status", data="failed", about="w1", text="131026 undeliverable"))
    assert await delivery() == ("failed", "131026 undeliverable")
    assert (await ann.conversation()).attention == "send"


async def test_a_tick_may_name_our_own_key(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    await sim.deliver(ann._inbound(kind="status", data="delivered", about=sim.channel.keys[0]))
    assert await delivery() == ("delivered", "")


async def test_a_tick_by_our_own_key_never_goes_back_either(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    for data in ("read", "delivered"):
        await sim.deliver(ann._inbound(kind="status", data=data, about=sim.channel.keys[0]))
    assert await delivery() == ("read", "")


@pytest.mark.parametrize("key", ["send:0:{other}:2:0", "send:0:{talk}:1:0", "send:0:{talk}:\u00b2:0", "send:"])
async def test_a_key_that_is_not_of_a_message_of_ours_changes_nothing(small_world: Worlds, key: str) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    talk = (await ann.conversation()).id
    told = ann._inbound(kind="status", data="read", about=key.format(talk=talk, other=talk + 1))
    await sim.deliver(told)
    assert [row.delivery for row in await Message.all().order_by("seq")] == ["", "sent"]
    assert await Inbound.filter(state="done").count() == 2


async def test_a_tick_of_what_is_just_leaving_waits_for_its_name(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    slow = sim.channel.slow = asyncio.Event()  # type: ignore[attr-defined]
    await sim.runtime.accept([ann._inbound(text="one", key="said")])
    async with asyncio.timeout(10):
        while not await Message.filter(author="bot", delivery="queued").exists():
            await asyncio.sleep(0)
        await sim.runtime.accept([ann._inbound(kind="status", data="read", about="w1", sent_at=sim.now)])
        slow.set()
        await sim.runtime.idle()
    assert await delivery() == ("read", "")


async def test_a_tick_of_what_was_held_waits_for_its_name_too(world: Worlds) -> None:
    sim, ann = await opened(world, twice(), NARROW)
    await ann.says("hello")
    slow = sim.channel.slow = asyncio.Event()  # type: ignore[attr-defined]
    await sim.runtime.accept([ann._inbound(text="good")])
    async with asyncio.timeout(30):
        while len(sim.channel.keys) < 2:
            await asyncio.sleep(0.002)
        await sim.runtime.accept([ann._inbound(kind="status", data="read", about="w2", sent_at=sim.now)])
        while sim.runtime.waiting and not any(lane.asleep for lane in sim.runtime._lanes._lanes.values()):
            await asyncio.sleep(0.002)
        slow.set()
        await sim.runtime.idle()
    assert [(row.text, row.delivery) for row in await Message.filter(author="bot").order_by("seq")] == [
        ("One", "read"), ("Two", "read"),
    ]  # fmt: skip


async def test_a_tick_of_the_first_of_two_messages_is_not_lost_however_long_the_second_takes(world: Worlds) -> None:
    sim, ann = await opened(world)
    sim.channel.several = 2  # type: ignore[attr-defined]
    slow = sim.channel.slow = asyncio.Event()  # type: ignore[attr-defined]
    await sim.runtime.accept([ann._inbound(text="one")])
    async with asyncio.timeout(30):
        while not sim.channel.keys:
            await asyncio.sleep(0.002)
        await sim.runtime.accept([ann._inbound(kind="status", data="delivered", about="w1.1", sent_at=sim.now)])
        sim.now += timedelta(seconds=6)
        while sim.runtime.waiting:  # nobody waits for what is leaving
            await asyncio.sleep(0.002)
        slow.set()
        await sim.runtime.idle()
    assert await ticks(sim, ann, "delivered", "w1") == ("delivered", "")


async def test_a_tick_of_a_name_that_never_was_holds_nobody_up(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    async with asyncio.timeout(10):  # by the clock of the world it is fresh for ever
        await sim.deliver(ann._inbound(kind="status", data="delivered", about="first-piece", sent_at=sim.now))
        await ann.says("two")
    assert await Message.filter(author="bot", delivery="sent").count() == 2


async def test_a_watermark_is_of_all_that_was_sent_until_then(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    seen_at = sim.now
    sim.now += timedelta(minutes=1)
    await ann.says("two")
    await sim.deliver(ann._inbound(kind="status", data="read", sent_at=seen_at))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "sent"]


async def test_a_watermark_waits_for_what_is_just_leaving_and_is_of_it_too(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    slow = sim.channel.slow = asyncio.Event()  # type: ignore[attr-defined]
    await sim.runtime.accept([ann._inbound(text="two")])
    async with asyncio.timeout(30):
        while len(sim.channel.keys) < 2:
            await asyncio.sleep(0.002)
        await sim.runtime.accept([ann._inbound(kind="status", data="read", sent_at=sim.now)])
        while sim.runtime.waiting and not any(lane.asleep for lane in sim.runtime._lanes._lanes.values()):
            await asyncio.sleep(0.002)
        slow.set()
        await sim.runtime.idle()
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "read"]


async def test_what_has_not_left_was_read_by_nobody(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    await ann.says("one")
    sim.channel.failures = [ChannelUnavailable("away", after=3600)]
    await sim.runtime.accept([ann._inbound(text="two")])
    async with asyncio.timeout(30):
        while not await Effect.filter(kind="send", attempts=1, state="pending").exists():
            await asyncio.sleep(0.002)
        await sim.runtime.accept([ann._inbound(kind="status", data="read", sent_at=sim.now)])
        while sim.runtime.waiting:
            await asyncio.sleep(0.002)
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "queued"]


async def ticks(sim: Simulator, ann: Customer, data: str, *about: str) -> tuple[str, str]:
    for one in about:
        await sim.deliver(ann._inbound(kind="status", data=data, about=one, text="131026" if data == "failed" else ""))
    return await delivery()


async def test_a_message_of_several_wires_is_as_far_as_the_least_of_them(world: Worlds) -> None:
    sim, ann, ids = await three(world)
    assert await delivery() == ("sent", "")
    assert await ticks(sim, ann, "delivered", ids[2], ids[0]) == ("sent", "")
    assert await ticks(sim, ann, "delivered", ids[1]) == ("delivered", "")
    assert await ticks(sim, ann, "read", ids[0]) == ("delivered", "")
    assert await ticks(sim, ann, "read", ids[2]) == ("read", "")


async def test_a_wire_that_failed_is_not_forgotten_for_those_behind_it(world: Worlds) -> None:
    sim, ann, ids = await three(world)
    await ticks(sim, ann, "delivered", ids[2])
    assert await ticks(sim, ann, "failed", ids[0]) == ("failed", "131026")
    assert await ticks(sim, ann, "delivered", ids[1]) == ("failed", "131026")
    assert (await ann.conversation()).attention == "send"


async def test_a_wire_of_several_messages_is_as_far_as_the_least_of_them(small_world: Worlds) -> None:
    sim, ann = await opened(small_world)
    sim.channel.several = 2  # type: ignore[attr-defined]
    await ann.says("one")
    assert await ticks(sim, ann, "delivered", "w1") == ("sent", "")
    assert await ticks(sim, ann, "delivered", "w1.1") == ("delivered", "")
    assert await ticks(sim, ann, "read", "w1") == ("read", "")
    await ann.says("two")
    await sim.deliver(ann._inbound(kind="status", data="failed", about="w2.1", text="131026"))
    assert [row.delivery for row in await Message.filter(author="bot").order_by("seq")] == ["read", "failed"]


async def test_who_has_read_a_message_has_read_those_of_the_wires_above_it(world: Worlds) -> None:
    sim, ann = await opened(world, in_pieces(), replace(TICKS, text_limit=16))
    sim.channel.several = 3  # type: ignore[attr-defined]
    await ann.says("hi")
    assert await ticks(sim, ann, "read", "w2.1") == ("sent", "")
    assert sorted([row.external_id for row in await MessagePiece.filter(delivery="read")]) == [
        "w1", "w1.1", "w1.2", "w2.1",
    ]  # fmt: skip
    assert await ticks(sim, ann, "read", "w3") == ("read", "")


async def test_a_wire_that_cannot_be_sent_is_told_though_the_last_one_left(world: Worlds) -> None:
    sim = await world([in_pieces()], replace(TELEGRAM, text_limit=16))
    ann = await sim.customer()
    sim.channel.failures = [BadInput("too strange")]
    await ann.says("hi")
    assert len(sim.channel.keys) == 2
    assert await delivery() == ("failed", "too strange")
    await sim.runtime.parked.retry("effect", (await Effect.get(state="parked")).id)
    sim.runtime.effects.doubt()
    await sim.runtime.idle()
    assert await delivery() == ("sent", "")


async def test_what_one_wire_says_has_no_rows_of_pieces(small_world: Worlds) -> None:
    _, ann = await opened(small_world)
    await ann.says("one")
    assert not await MessagePiece.all().exists()


def test_what_leaves_in_one_wire_and_in_several_is_recorded_in_one_statement() -> None:
    """On PostgreSQL, where a commit of several statements holds its rows while the event loop does something else."""
    wires = [("send:0:1:7:0", 7, True), ("send:0:2:4:0", 4, False), ("send:0:3:9:2", 9, True)]
    items = []
    for key, seq, last in wires:
        effect = NewEffect(key, "send", "t:a", "{}", 1, seq, "bot")
        done = (DONE, [(1, START, key)])
        items.append(Item(statements=[done, *pieces.left(effect, last, "w", START, waited=False)]))
    assert whole(None, [], _merged(items)) is not None
