"""Handlers that kept others waiting run apart from each other; only their own time is counted against them."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext

import pytest

from bot.runtime import guard as guard_module
from bot.runtime.blocking import Watch
from bot.runtime.guard import Guard
from bot.runtime.retry import HeldUp
from bot.runtime.suspects import MOST, REMEMBERED, SHORT, Postponed, Suspects
from models import locks


class Clock:
    now = 1_000.0


def suspects(clock: Clock, full: float = 0.6) -> Suspects:
    return Suspects(full, lambda: clock.now)


def admitted(asked: Suspects, handler: str, lane: str) -> float | str | None:
    """How long the try may last, or for how long it is put off."""
    try:
        return asked.admit(handler, lane)
    except Postponed as later:
        return f"in {later.after:.2f} s"


def test_nobody_is_suspected_before_there_was_harm() -> None:
    assert admitted(suspects(Clock()), "shop.menu", "web:1") is None


def test_after_harm_there_is_quiet_for_as_long_as_the_next_try_may_last() -> None:
    clock = Clock()
    asked = suspects(clock)
    asked.caught("shop.bad", "web:1")
    assert admitted(asked, "shop.menu", "web:1") is None
    assert (admitted(asked, "shop.bad", "web:1"), admitted(asked, "shop.bad", "web:2")) == ("in 0.60 s", "in 0.10 s")
    clock.now += 0.1
    assert (admitted(asked, "shop.bad", "web:1"), admitted(asked, "shop.bad", "web:2")) == ("in 0.50 s", SHORT)
    asked.caught("shop.bad", "web:2")
    assert (admitted(asked, "shop.bad", "web:1"), admitted(asked, "shop.bad", "web:3")) == ("in 0.60 s", "in 0.10 s")
    clock.now += 0.6
    assert [admitted(asked, "shop.bad", f"web:{number}") for number in (1, 2, 3)] == [0.6, 0.6, SHORT]


def test_harm_is_forgotten_after_a_while_and_only_so_many_conversations_are_remembered() -> None:
    clock = Clock()
    asked = suspects(clock)
    for number in range(MOST + 1):
        asked.caught("shop.bad", f"web:{number}")
    clock.now += 1.0
    assert [admitted(asked, "shop.bad", f"web:{number}") for number in (0, 1, MOST)] == [SHORT, 0.6, 0.6]
    clock.now += REMEMBERED
    assert admitted(asked, "shop.bad", "web:1") is None


async def held(guard: Guard, lane: str, seconds: float | None) -> str:
    """How a handler ends that holds its transaction for so long; None: for ever."""

    async def handler() -> None:
        await (asyncio.sleep(seconds) if seconds is not None else asyncio.Event().wait())

    try:
        await guard.run(lane, True, "shop.holds", handler)
    except (HeldUp, Postponed) as error:
        return type(error).__name__
    return "done"


async def test_a_short_try_that_was_too_short_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.2)
    clock = Clock()
    guard = Guard(Watch(), 10.0, lambda: clock.now)
    assert await held(guard, "web:1", None) == "HeldUp"
    assert await held(guard, "web:2", None) == "Postponed"  # there was no quiet yet
    clock.now += 1.0
    assert await held(guard, "web:2", None) == "Postponed"  # its short try
    clock.now += 1.0
    assert [await held(guard, "web:3", 0.0), await held(guard, "web:2", None)] == ["done", "HeldUp"]


@pytest.mark.parametrize("line", [True, False], ids=["in line", "at work"])
async def test_time_in_which_others_have_the_rows_is_not_held_against_a_handler(
    monkeypatch: pytest.MonkeyPatch, line: bool
) -> None:
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.3)
    with locks.counted() as taken, taken.waiting() if line else nullcontext():
        ends = await held(Guard(Watch(), 10.0, asyncio.get_running_loop().time), "web:1", 0.8)
    assert ends == ("done" if line else "HeldUp")


@pytest.mark.parametrize("share", [0.0, 0.9], ids=["a machine of its own", "a busy machine"])
async def test_time_without_a_processor_is_not_held_against_a_handler(
    monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(guard_module, "of_all_threads", lambda: loop.time() * share)
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.3)
    ends = "done" if share else "HeldUp"
    assert await held(Guard(Watch(), 10.0, loop.time), "web:1", 0.8) == ends
