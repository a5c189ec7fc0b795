"""Effects: in order, once, and silent after a takeover."""

from __future__ import annotations

import asyncio
import math

import pytest

from bot.core import deadline
from bot.core.errors import ChannelUnavailable, LeaseLost
from bot.core.events import Event
from bot.runtime import effect_turns
from bot.runtime import effects as effects_module
from bot.runtime import pending as pending_module
from bot.runtime.attempts import Done
from bot.runtime.effects import Effects
from bot.runtime.lease import EVERY, Lease
from bot.runtime.writes import NewEffect
from models.database import fetch
from tests.unit.runtime.outside import Outside, commit, effect, keys, running, settled, states


@pytest.mark.usefixtures("database")
async def test_effects_of_a_lane_keep_their_order_and_lanes_do_not_wait_for_each_other() -> None:
    outside, told = Outside(), list[Event]()
    gate = outside.gates["a0"] = asyncio.Event()
    async with running(outside, told=told) as effects:
        await settled(effects)
        lanes = [*keys("a", 3), *keys("b", 3)]
        await commit(*lanes)
        effects.offer(lanes)
        async with asyncio.timeout(30):
            while outside.tried[-1:] != ["b2"]:
                await asyncio.sleep(0.001)
        assert outside.tried == ["a0", "b0", "b1", "b2"]
        gate.set()
        await settled(effects)
    assert outside.tried[4:] == ["a1", "a2"]
    assert set((await states()).values()) == {("done", 1)}
    assert len(told) == 6


@pytest.mark.usefixtures("database")
async def test_what_a_process_that_died_left_is_done_before_anything_new_of_its_lane() -> None:
    outside = Outside()
    await commit(*keys("a", 3))
    async with running(outside) as effects:
        fresh = effect("a-new", "a")
        await commit(fresh)
        effects.offer([fresh])  # before the first poll has read the table
        await settled(effects)
    assert outside.tried == ["a0", "a1", "a2", "a-new"]


@pytest.mark.usefixtures("database")
async def test_what_was_too_late_to_leave_has_not_been_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "LATE_REST", 0.01)
    outside = Outside()
    outside.errors["a0"] = [LeaseLost("too late")]
    async with running(outside) as effects:
        await settled(effects)
        await commit(*keys("a", 2))
        effects.offer(keys("a", 2))
        await settled(effects)
    assert outside.tried == ["a0", "a0", "a1"]
    assert await states() == {"a0": ("done", 1), "a1": ("done", 1)}
    assert outside.given_up == []


@pytest.mark.usefixtures("database")
async def test_an_effect_may_leave_as_long_as_the_lease_lasts() -> None:
    asked = list[float]()

    class Asking(Outside):
        async def run(self, effect: NewEffect) -> Done:
            asked.append(deadline.moment())
            return await super().run(effect)

    lease = Lease()
    lease.begin(1, deadline.elapsed() + 60)
    lease.gain(EVERY)
    async with running(Asking(), lease=lease) as effects:
        await settled(effects)
        await commit(*keys("a", 1))
        effects.offer(keys("a", 1))
        await settled(effects)
    assert asked == [lease.until]
    assert deadline.moment() == math.inf


@pytest.mark.usefixtures("database")
async def test_an_effect_that_is_offered_and_polled_is_done_once() -> None:
    outside = Outside()
    async with running(outside) as effects:
        for number in range(20):
            one = effect(f"e{number}", f"lane{number}")
            await commit(one)
            effects.wake()
            effects.offer([one, one])
        await settled(effects)
    assert sorted(outside.tried) == sorted(f"e{number}" for number in range(20))


@pytest.mark.usefixtures("database")
async def test_an_effect_that_ends_while_the_poll_reads_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    outside, read, go_on = Outside(), asyncio.Event(), asyncio.Event()
    real = fetch

    async def slow(*args: object) -> list[dict[str, object]]:
        """PostgreSQL reads on another connection: what it saw may be over when we see it."""
        rows: list[dict[str, object]] = await real(*args)  # type: ignore[arg-type]
        read.set()
        await go_on.wait()
        return rows

    async with running(outside) as effects:
        await settled(effects)
        gate = outside.gates["a0"] = asyncio.Event()
        [one] = keys("a", 1)
        await commit(one)
        effects.offer([one])
        monkeypatch.setattr(pending_module, "fetch", slow)
        effects.wake()
        await read.wait()
        gate.set()
        await settled(effects)
        go_on.set()
        await asyncio.sleep(0)
        await settled(effects)
    assert outside.tried == ["a0"]


@pytest.mark.usefixtures("database")
async def test_after_a_takeover_nothing_that_the_bot_had_queued_leaves() -> None:
    outside = Outside()
    gate = outside.gates["b0"] = asyncio.Event()
    async with running(outside) as effects:
        await settled(effects)
        queued = [effect(f"b{number}", author="bot") for number in range(3)] + [effect("s", author="staff")]
        await commit(*queued)
        effects.offer(queued)
        await outside.entered.wait()
        takeover = asyncio.create_task(take(effects))
        await asyncio.sleep(0)
        gate.set()
        await takeover
        effects.offer([effect("b3", author="bot"), effect("b4", author="bot", epoch=1)])
        await settled(effects)
    assert outside.tried == ["b0", "s", "b4"]


async def take(effects: Effects, epoch: int = 1) -> None:
    async with effects.hold("lane"):
        effects.void("lane", 1, epoch)


@pytest.mark.usefixtures("database")
async def test_a_takeover_waits_for_the_only_message_that_is_leaving_and_holds_what_comes_after() -> None:
    outside = Outside()
    gate = outside.gates["b0"] = asyncio.Event()
    async with running(outside) as effects:
        await settled(effects)
        effects.offer([effect("b0", author="bot")])
        await outside.entered.wait()
        async with asyncio.timeout(30):
            asyncio.get_running_loop().call_soon(gate.set)
            async with effects.hold("lane"):
                assert outside.tried == ["b0"]
                effects.offer([effect("b1", author="bot"), effect("s", author="staff")])
                await asyncio.sleep(0.01)
                assert outside.tried == ["b0"]
                effects.void("lane", 1, 1)
        await settled(effects)
        assert effects._lanes == {}
    assert outside.tried == ["b0", "s"]


@pytest.mark.usefixtures("database")
async def test_what_is_made_void_while_it_waits_for_a_slot_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effect_turns, "CONCURRENCY", 1)
    outside = Outside()
    gate = outside.gates["first"] = asyncio.Event()
    async with running(outside) as effects:
        await settled(effects)
        effects.offer([effect("first", "x:ann")])
        await outside.entered.wait()
        effects.offer([effect("void", "x:bob", author="bot"), effect("staff", "x:bob", author="staff")])
        async with asyncio.timeout(30):
            while not effects._lanes["x:bob"].turn.locked():
                await asyncio.sleep(0)
        effects.void("x:bob", 1, 1)  # as a turn of the lane does, which holds nothing
        gate.set()
        await settled(effects)
        assert effects._lanes == {}
    assert outside.tried == ["first", "staff"]


@pytest.mark.usefixtures("database")
async def test_stopping_does_not_wait_for_retries_and_leaves_the_rest_in_the_table() -> None:
    outside = Outside()
    outside.errors["a0"] = [ChannelUnavailable("down", after=60.0)]
    async with running(outside) as effects:
        await commit(*keys("a", 2))
        effects.wake()
        async with asyncio.timeout(30):
            while (await states())["a0"][1] == 0:
                await asyncio.sleep(0.001)
        started = asyncio.get_running_loop().time()
        await effects.stop()
        assert asyncio.get_running_loop().time() - started < 1.0
    assert await states() == {"a0": ("pending", 1), "a1": ("pending", 0)}
