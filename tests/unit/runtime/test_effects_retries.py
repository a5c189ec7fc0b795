"""Effects that fail: tried again when they may be, parked in the end, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.core.errors import AccountWaits, ChannelUnavailable, DatabaseBusy, Final
from bot.runtime.retry import EFFECT_DELAYS, LONGEST_WAIT, effect_delay
from models import Effect
from tests.unit.runtime.outside import NOW, Clock, Outside, commit, effect, keys, running, settled, states


@pytest.mark.usefixtures("database", "at_once")
async def test_a_failure_is_tried_again_and_holds_up_its_own_lane_only() -> None:
    outside = Outside()
    outside.errors["a0"] = [ChannelUnavailable("down")] * 2
    async with running(outside) as effects:
        await settled(effects)
        lanes = [*keys("a", 2), *keys("b", 1)]
        await commit(*lanes)
        effects.offer(lanes)
        await settled(effects)
    assert [key for key in outside.tried if key.startswith("a")] == ["a0", "a0", "a0", "a1"]
    assert await states() == {"a0": ("done", 3), "a1": ("done", 1), "b0": ("done", 1)}


@pytest.mark.usefixtures("database", "at_once")
async def test_what_always_fails_is_parked_with_its_reason_and_the_lane_goes_on() -> None:
    outside, parked = Outside(), list[bool]()
    outside.errors["a0"] = [ChannelUnavailable("down")] * 100
    await commit(*keys("a", 2))
    async with running(outside) as effects:
        effects._turns._attempts._parked = lambda: parked.append(True)
        await settled(effects)
    assert await states() == {"a0": ("parked", 8), "a1": ("done", 1)}
    assert (await Effect.get(key="a0")).error == "ChannelUnavailable: down"
    assert (outside.given_up, parked) == (["a0: down"], [True])


@pytest.mark.usefixtures("database")
async def test_a_final_error_is_parked_at_once() -> None:
    outside = Outside()
    outside.errors["a0"] = [Final("no such chat")]
    await commit(*keys("a", 1))
    async with running(outside) as effects:
        await settled(effects)
    assert await states() == {"a0": ("parked", 1)}


@pytest.mark.usefixtures("database")
async def test_an_effect_without_an_executor_is_not_lost() -> None:
    async with running(Outside()) as effects:
        effects._turns._attempts._executors.clear()
        await commit(*keys("a", 1))
        effects.wake()
        async with asyncio.timeout(30):
            while (await states())["a0"][1] == 0:
                await asyncio.sleep(0.001)
    row = await Effect.get(key="a0")
    assert (row.state, row.error) == ("pending", "LookupError: no executor for effects of kind 'send'")


@pytest.mark.usefixtures("database")
async def test_nothing_is_sent_before_the_platforms_retry_after_not_even_by_the_next_process() -> None:
    outside, clock = Outside(), Clock()
    outside.errors["a0"] = [ChannelUnavailable("slow down", after=30.0)]
    async with running(outside, clock) as effects:
        await commit(*keys("a", 2))
        effects.wake()
        async with asyncio.timeout(30):
            while (await states())["a0"][1] == 0:
                await asyncio.sleep(0.001)
    assert (await Effect.get(key="a0")).due_at == NOW + timedelta(seconds=30)
    clock.now += timedelta(seconds=29)
    async with running(outside, clock) as effects:
        later = effect("a2", "a")
        await commit(later)
        effects.offer([later])
        effects.wake()
        await asyncio.sleep(0.05)
        assert outside.tried == ["a0"]  # the younger ones of the lane wait, too
        clock.now += timedelta(seconds=1)
        effects.wake()
        await settled(effects)
    assert outside.tried == ["a0", "a0", "a1", "a2"]


@pytest.mark.usefixtures("database")
async def test_an_account_that_rests_is_no_failure_of_what_waits_for_it() -> None:
    outside, clock = Outside(), Clock()
    outside.errors["a0"] = [AccountWaits("rest", after=5.0, told=True), *[AccountWaits("rest", after=1.0)] * 20]
    async with running(outside, clock) as effects:
        waiting, other = effect("a0", "a"), effect("b0", "b")
        await commit(waiting, other)
        effects.wake()
        async with asyncio.timeout(30):
            while (await Effect.get(key="a0")).error != "rest":
                await asyncio.sleep(0.001)
        row = await Effect.get(key="a0")
        assert (row.state, row.attempts, row.due_at) == ("pending", 0, NOW + timedelta(seconds=5))
        async with asyncio.timeout(30):
            while outside.errors["a0"]:
                clock.now += timedelta(seconds=5)
                effects.wake()
                await asyncio.sleep(0.001)
            clock.now += timedelta(seconds=5)
            effects.wake()
        await settled(effects)
    rows = await Effect.all().order_by("key").values_list("key", "state", "attempts")
    assert rows == [("a0", "done", 1), ("b0", "done", 1)]
    assert outside.given_up == []


@pytest.mark.usefixtures("database")
async def test_what_was_erased_while_it_waited_is_not_sent() -> None:
    outside, clock = Outside(), Clock()
    outside.errors["a0"] = [ChannelUnavailable("down")]
    async with running(outside, clock) as effects:
        await settled(effects)
        waiting = keys("a", 3)
        await commit(*waiting)
        effects.offer(waiting)
        async with asyncio.timeout(30):
            while (await Effect.get(key="a0")).attempts < 1:
                await asyncio.sleep(0.001)
        await Effect.filter(key__in=["a0", "a1"]).delete()  # as an erasure does, in any process
        clock.now += timedelta(hours=1)
        effects.wake()
        await settled(effects)
    assert outside.tried == ["a0", "a2"]
    assert await states() == {"a2": ("done", 1)}


@pytest.mark.usefixtures("database")
async def test_a_record_that_meets_a_busy_database_waits_and_the_effect_is_not_done_again() -> None:
    outside = Outside()
    async with running(outside) as effects:
        await settled(effects)
        record, failures = effects._turns._attempts._ledger.record, [DatabaseBusy("locked")]

        async def busy_once(statements: Sequence[object]) -> None:
            if failures:
                raise failures.pop()
            await record(statements)  # type: ignore[arg-type]

        effects._turns._attempts._ledger.record = busy_once  # type: ignore[method-assign]
        [one] = keys("a", 1)
        await commit(one)
        effects.offer([one])
        await settled(effects)
    assert (outside.tried, await states()) == (["a0"], {"a0": ("done", 1)})


def test_the_decision_when_to_try_again() -> None:
    down = ChannelUnavailable("down")
    assert [effect_delay(down, attempts) for attempts in range(1, 9)] == [*EFFECT_DELAYS, None]
    assert effect_delay(ChannelUnavailable("x", after=5.0), 1) == 5.0
    assert effect_delay(ChannelUnavailable("x", after=1.0), 3) == EFFECT_DELAYS[2]
    assert effect_delay(ChannelUnavailable("x", after=10**9), 1) == LONGEST_WAIT
    assert effect_delay(Final("no"), 1) is None
    assert effect_delay(ValueError("a bug"), 1) == EFFECT_DELAYS[0]


@pytest.mark.usefixtures("database")
async def test_an_account_that_must_wait_is_asked_by_none_of_its_lanes() -> None:
    outside, clock = Outside(), Clock()
    outside.errors["ann"] = [AccountWaits("slow down", after=30.0, told=True)]
    ann, bob, other = effect("ann", "shop:ann"), effect("bob", "shop:bob"), effect("other", "second:bob")
    async with running(outside, clock) as effects:
        await settled(effects)
        await commit(ann, bob, other)
        effects.offer([ann])
        async with asyncio.timeout(30):
            while not (await Effect.get(key="ann")).error:
                await asyncio.sleep(0.001)
        effects.offer([bob, other])
        async with asyncio.timeout(30):
            while "other" not in outside.tried:
                await asyncio.sleep(0.001)
        clock.now += timedelta(seconds=29)
        effects.wake()
        await asyncio.sleep(0.05)
        assert outside.tried == ["ann", "other"]
        clock.now += timedelta(seconds=1)
        effects.wake()
        await settled(effects)
    assert sorted(outside.tried) == ["ann", "ann", "bob", "other"]
    assert set((await states()).values()) == {("done", 1)}
