"""More effects than the memory holds, and platforms that are down or hang: order is kept, and others go on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import ChannelUnavailable
from bot.runtime import effect_turns
from bot.runtime import effects as effects_module
from bot.runtime.writes import NewEffect
from tests.unit.runtime.outside import Clock, Outside, commit, effect, keys, running, settled, states


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


@pytest.mark.usefixtures("database")
async def test_who_is_full_while_the_table_is_read_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects_module, "MOST_IN_MEMORY", 4)
    monkeypatch.setattr(effects_module, "POLL_SECONDS", 1_000)
    own, was_read, told, outside = effects_module.pending, asyncio.Event(), asyncio.Event(), Outside()

    async def slow(*asked: Any) -> Any:
        found = await own(*asked)
        was_read.set()
        await told.wait()
        return found

    *every, last = keys("a", 13)
    async with running(outside) as effects:
        await settled(effects)
        monkeypatch.setattr(effects_module, "pending", slow)
        effects.wake()
        await was_read.wait()
        await commit(*every)
        effects.offer(every)
        told.set()
        async with asyncio.timeout(20):
            while len(effects._room):
                await asyncio.sleep(0.001)
        await commit(last)
        effects.offer([last])
        monkeypatch.setattr(effects_module, "POLL_SECONDS", 0.01)
        effects.wake()
        await settled(effects)
    assert outside.tried == [one.key for one in (*every, last)]


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
    monkeypatch.setattr(effect_turns, "CONCURRENCY", 2)
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
