"""The node's clock: jobs run alone, apart from any transaction, and neither errors nor delays stop it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.runtime.schedule import Schedule

inherited: contextvars.ContextVar[str] = contextvars.ContextVar("inherited", default="clean")


@pytest.fixture
async def schedule() -> AsyncIterator[Schedule]:
    made = Schedule(lambda: datetime.now(UTC), lambda: None)
    made.every(10_000, "reports", made.tick)  # replaces the tick: there is no database here
    yield made
    await made.stop()


async def test_a_job_runs_again_and_again(schedule: Schedule) -> None:
    ran = asyncio.Semaphore(0)

    async def job() -> None:
        ran.release()

    schedule.every(0.01, "job", job)
    schedule.start()
    for _ in range(3):
        await asyncio.wait_for(ran.acquire(), 30)
    assert schedule.failed == {}


async def test_an_error_is_counted_and_the_clock_goes_on(schedule: Schedule) -> None:
    ran = asyncio.Semaphore(0)

    async def job() -> None:
        ran.release()
        raise ValueError("broken")

    schedule.every(0.01, "job", job)
    schedule.start()
    for _ in range(3):
        await asyncio.wait_for(ran.acquire(), 30)
    assert schedule.failed["job"] >= 2


async def test_a_job_never_runs_twice_at_once_and_what_it_missed_is_counted(schedule: Schedule) -> None:
    started, go_on, running = asyncio.Event(), asyncio.Event(), 0

    async def job() -> None:
        nonlocal running
        running += 1
        assert running == 1
        started.set()
        await go_on.wait()
        running -= 1

    schedule.every(0.01, "job", job)
    schedule.start()
    await asyncio.wait_for(started.wait(), 30)
    while not schedule.missed["job"]:
        await asyncio.sleep(0.005)
    go_on.set()
    assert schedule.failed == {}


async def test_a_job_does_not_inherit_where_it_was_added(schedule: Schedule) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def job() -> None:
        await seen.put(inherited.get())

    token = inherited.set("a transaction")
    schedule.start()
    schedule.every(0.01, "job", job)
    inherited.reset(token)
    assert await asyncio.wait_for(seen.get(), 30) == "clean"
