"""Effects: in order, once, tried again when asked to, parked at the end, and silent after a takeover."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.errors import AccountWaits, ChannelUnavailable, DatabaseBusy, Final
from bot.core.events import Event, RowChanged
from bot.core.shard import shard_of
from bot.runtime import effects as effects_module
from bot.runtime.effects import Done, Effects
from bot.runtime.ledger import Ledger
from bot.runtime.retry import EFFECT_DELAYS, LONGEST_WAIT, effect_delay
from bot.runtime.writes import INSERT_EFFECT, NewEffect
from models import Effect
from models.database import execute, fetch, transaction

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


class Outside:
    """The world beyond: notes each try, fails as programmed, waits where it is told to."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.given_up: list[str] = []
        self.errors: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.entered = asyncio.Event()

    async def run(self, effect: NewEffect) -> Done:
        self.tried.append(effect.key)
        self.entered.set()
        if gate := self.gates.get(effect.key):
            await gate.wait()
        if errors := self.errors.get(effect.key):
            raise errors.pop(0)
        return Done(events=(RowChanged(len(self.tried)),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        self.given_up.append(f"{effect.key}: {error}")
        return Done()


@asynccontextmanager
async def running(
    outside: Outside, clock: Clock | None = None, told: list[Event] | None = None
) -> AsyncIterator[Effects]:
    """A process' effects, from its start to its end."""
    ledger = Ledger(lambda arrivals: None)
    publish = told.append if told is not None else lambda event: None
    effects = Effects({"send": outside}, ledger, published=publish, clock=clock or Clock())
    effects.start()
    try:
        yield effects
    finally:
        async with asyncio.timeout(30):
            await effects.stop(grace=1.0)
            await ledger.close()


def effect(key: str, lane: str = "lane", *, author: str = "system", epoch: int = 0) -> NewEffect:
    return NewEffect(key, "send", lane, "{}", 1, 1, author, epoch)


async def commit(*effects: NewEffect, due: datetime = NOW) -> None:
    """What a turn does: the rows, committed."""
    rows = [(e.key, e.kind, e.lane, shard_of(e.lane), e.payload, 1, 1, e.author, e.epoch, due, NOW) for e in effects]
    async with transaction() as connection:
        await execute(connection, [(INSERT_EFFECT, rows)])


async def settled(effects: Effects) -> None:
    """Until nothing is under way."""
    async with asyncio.timeout(30):
        while effects.size:
            await asyncio.sleep(0.001)


async def states() -> dict[str, tuple[str, int]]:
    """State and attempts of each row."""
    return {row.key: (row.state, row.attempts) for row in await Effect.all()}


def keys(lane: str, count: int) -> list[NewEffect]:
    return [effect(f"{lane}{number}", lane) for number in range(count)]


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
async def test_more_than_the_memory_holds_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "MOST_IN_MEMORY", 4)
    monkeypatch.setattr(effects_module, "POLL_SECONDS", 0.01)
    outside = Outside()
    async with running(outside) as effects:
        await settled(effects)
        every = keys("a", 12)
        for start in (0, 6, 9):
            await commit(*every[start : start + 6])
            effects.offer(every[start : start + 6])
        await settled(effects)
    assert outside.tried == [one.key for one in every]


def down(outside: Outside, count: int) -> list[NewEffect]:
    """Effects on lanes of an account whose platform is down for a long while."""
    every = [effect(f"a{number}", f"down:{number}") for number in range(count)]
    outside.errors |= {one.key: [ChannelUnavailable("down", after=600.0)] for one in every}
    return every


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("restarts", [False, True])
async def test_an_account_that_is_down_leaves_the_others_their_room(
    monkeypatch: pytest.MonkeyPatch, restarts: bool
) -> None:
    monkeypatch.setattr(effects_module, "MOST_IN_MEMORY", 4)
    monkeypatch.setattr(effects_module, "POLL_SECONDS", 0.01)
    outside, clock = Outside(), Clock()
    stuck, others = down(outside, 12), [effect(f"b{number}", "up:1") for number in range(9)]
    if restarts:  # all of it is in the table, the stuck ones first
        await commit(*stuck, *others)
    async with running(outside, clock) as effects:
        if not restarts:
            await settled(effects)
            for several in (stuck, others[:3], others[3:]):
                await commit(*several)
                effects.offer(several)
        async with asyncio.timeout(20):
            while {key for key in outside.tried if key.startswith("b")} != {one.key for one in others}:
                await asyncio.sleep(0.001)
        assert [key for key in outside.tried if key.startswith("b")] == [one.key for one in others]
        assert len(effects._room) <= 4 + len(others)
        clock.now += timedelta(hours=1)
        async with asyncio.timeout(20):
            while effects.size:
                effects.wake()
                clock.now += timedelta(hours=1)
                await asyncio.sleep(0.005)
    assert {state for state, _ in (await states()).values()} == {"done"}


@pytest.mark.usefixtures("database")
async def test_an_account_that_hangs_leaves_the_others_their_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "CONCURRENCY", 2)
    outside = Outside()
    gate = asyncio.Event()
    hanging = [effect(f"a{number}", f"hangs:{number}") for number in range(5)]
    outside.gates |= {one.key: gate for one in hanging}
    async with running(outside) as effects:
        await settled(effects)
        both = [*hanging, effect("b0", "up:1")]
        await commit(*both)
        effects.offer(both)
        async with asyncio.timeout(20):
            while (await states())["b0"] != ("done", 1):
                await asyncio.sleep(0.001)
        assert outside.tried == ["a0", "a1", "b0"]
        gate.set()
        await settled(effects)


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
        monkeypatch.setattr(effects_module, "fetch", slow)
        effects.wake()
        await read.wait()
        gate.set()
        await settled(effects)
        go_on.set()
        await asyncio.sleep(0)
        await settled(effects)
    assert outside.tried == ["a0"]


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
        effects._parked = lambda: parked.append(True)
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
        effects._executors.clear()
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
async def test_a_record_that_meets_a_busy_database_waits_and_the_effect_is_not_done_again() -> None:
    outside = Outside()
    async with running(outside) as effects:
        await settled(effects)
        record, failures = effects._ledger.record, [DatabaseBusy("locked")]

        async def busy_once(statements: Sequence[object]) -> None:
            if failures:
                raise failures.pop()
            await record(statements)  # type: ignore[arg-type]

        effects._ledger.record = busy_once  # type: ignore[method-assign]
        [one] = keys("a", 1)
        await commit(one)
        effects.offer([one])
        await settled(effects)
    assert (outside.tried, await states()) == (["a0"], {"a0": ("done", 1)})


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


def test_the_decision_when_to_try_again() -> None:
    down = ChannelUnavailable("down")
    assert [effect_delay(down, attempts) for attempts in range(1, 9)] == [*EFFECT_DELAYS, None]
    assert effect_delay(ChannelUnavailable("x", after=5.0), 1) == 5.0
    assert effect_delay(ChannelUnavailable("x", after=1.0), 3) == EFFECT_DELAYS[2]
    assert effect_delay(ChannelUnavailable("x", after=10**9), 1) == LONGEST_WAIT
    assert effect_delay(Final("no"), 1) is None
    assert effect_delay(ValueError("a bug"), 1) == EFFECT_DELAYS[0]
