"""A handler that keeps the event loop is cut off in the middle of a step, whatever it does; nobody else is."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.runtime import blocking
from bot.runtime.blocking import HandlerBlocked, Watch

#: The alarm, which pytest's own time limit would use, is what is tested here.
pytestmark = pytest.mark.timeout(60, method="thread")
LIMIT = 0.05


@contextmanager
def looking(watch: Watch) -> Iterator[Watch]:
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


async def sleeps() -> None:
    time.sleep(30)


async def spins() -> None:
    while True:
        pass


async def matches() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")


async def catches() -> None:
    while True:
        try:
            time.sleep(30)
        except Exception:
            continue


async def computes() -> None:
    sum(sum(range(10**5)) for _ in range(10**9))


@pytest.mark.parametrize("handler", [sleeps, spins, matches, catches, computes])
async def test_whatever_blocks_is_cut_off(handler: Callable[[], Awaitable[None]]) -> None:
    with looking(Watch(LIMIT)) as watch, pytest.raises(HandlerBlocked, match=r"shop\.slow kept everybody else waiting"):
        await watch.steps("shop.slow", handler())


async def test_who_catches_even_that_has_failed_all_the_same() -> None:
    async def clings() -> None:
        try:
            time.sleep(30)
        except BaseException:
            await asyncio.sleep(0)

    async def denies() -> None:
        try:
            time.sleep(30)
        except BaseException:
            return

    with looking(Watch(LIMIT)) as watch:
        for handler in (clings, denies):
            with pytest.raises(HandlerBlocked):
                await watch.steps("shop.slow", handler())


async def test_many_short_steps_and_others_between_them_are_fine() -> None:
    async def walks() -> str:
        for _ in range(12):
            time.sleep(0.05)
            await asyncio.sleep(0)
        return "done"

    with looking(Watch(0.5)) as watch:
        assert await watch.steps("shop.walks", walks()) == "done"


async def test_an_exception_and_a_cancellation_reach_the_handler_and_whoever_waits() -> None:
    heard: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def fails() -> None:
        raise ZeroDivisionError

    watch = Watch(LIMIT)

    async def guarded() -> None:
        await watch.steps("shop.waits", waits())

    task = asyncio.create_task(guarded())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ZeroDivisionError):
        await watch.steps("shop.fails", fails())
    assert heard == ["cancelled"]


class Machine:
    """A clock, and a processor that others may have."""

    now = waited = 0.0


def looked(machine: Machine, watch: Watch, seconds: float, *, starved: float = 0.0) -> None:
    machine.now += seconds
    machine.waited += starved
    watch._look(signal.SIGALRM, inspect.currentframe())


@pytest.mark.parametrize(
    ("looks", "starved", "is_cut"),
    [([0.1] * 7, 0.0, True), ([0.1] * 7, 0.05, False), ([0.1, 30.0, 0.1], 0.0, False), ([0.1] * 5, 0.0, False)],
    ids=["blocks", "had half of a processor", "the process was stopped for a while", "not long enough"],
)
async def test_only_its_own_time_counts(looks: list[float], starved: float, is_cut: bool) -> None:
    machine = Machine()
    watch = Watch(0.5, now=lambda: machine.now, starved=lambda: machine.waited)

    async def handler() -> None:
        for seconds in looks:
            looked(machine, watch, seconds, starved=starved)

    if is_cut:
        with pytest.raises(HandlerBlocked):
            await watch.steps("shop.slow", handler())
    else:
        await watch.steps("shop.slow", handler())


async def test_a_driver_is_not_cut_off_in_the_middle() -> None:
    machine, scope = Machine(), {"__name__": "asyncpg.protocol"}
    watch = Watch(0.5, now=lambda: machine.now, starved=lambda: 0.0)
    exec("def exchange(look):\n    for _ in range(20):\n        look()", scope)
    begun: list[str] = []

    async def handler() -> None:
        exchange: Callable[[Callable[[], None]], None] = scope["exchange"]  # type: ignore[assignment]
        exchange(lambda: looked(machine, watch, 0.1))
        begun.append("after the exchange")
        looked(machine, watch, 0.1)
        begun.append("never")

    with pytest.raises(HandlerBlocked):
        await watch.steps("shop.slow", handler())
    assert begun == ["after the exchange"]


class Told(logging.Handler):
    """What the log says, and that it said something."""

    def __init__(self) -> None:
        super().__init__()
        self.facts: list[tuple[str, str]] = []
        self.something = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.facts.append((record.action, record.handler))  # type: ignore[attr-defined]
        self.something.set()


async def test_what_cannot_be_cut_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocking, "TELLING", 0.02)
    monkeypatch.setattr(blocking, "_may_be_cut", lambda _: False)
    told = Told()

    async def handler() -> None:
        assert told.something.wait(30)

    blocking.log.addHandler(told)
    try:
        with looking(Watch(LIMIT)) as watch:
            await watch.steps("shop.deep", handler())
    finally:
        blocking.log.removeHandler(told)
    assert set(told.facts) == {("handler.blocks", "shop.deep")}


def test_elsewhere_than_in_the_main_thread_it_says_so_and_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    watch, before = Watch(LIMIT), signal.getsignal(signal.SIGALRM)
    thread = threading.Thread(target=watch.start)
    thread.start()
    thread.join()
    watch.stop()
    assert [record.action for record in caplog.records] == ["watch.none"]  # type: ignore[attr-defined]
    assert signal.getsignal(signal.SIGALRM) is before


def test_the_signal_is_given_back_and_one_that_somebody_uses_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    before = signal.getsignal(signal.SIGALRM)
    with looking(Watch(LIMIT)):
        assert signal.getitimer(signal.ITIMER_REAL)[1] > 0
        with looking(Watch(LIMIT)):
            assert [record.action for record in caplog.records] == ["watch.none"]  # type: ignore[attr-defined]
    assert (signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)) == (before, (0.0, 0.0))
