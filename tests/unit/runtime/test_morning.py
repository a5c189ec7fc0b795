"""What waits for the end of the quiet hours, on every engine: kept in the table, let go once, in its order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.core.chat import Chat
from bot.core.errors import DatabaseBusy
from bot.core.message import Button, Choice, Inbound
from bot.core.quiet import parse
from bot.core.router import RUN, Router
from bot.runtime import executors, numbering, timers
from models import Effect, Message
from models.database import fetch
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.unit.runtime.conftest import Worlds

NIGHT, MORNING = datetime(2026, 11, 22, 23, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def telling() -> Router:
    """Says of an order what it is called, and answers who writes."""
    router = Router("telling")

    @router.event("order")
    async def order(chat: Chat) -> None:
        chat.say(chat.inbound.data, buttons=[Button(chat.inbound.data, f"{RUN}called")])

    @router.command("called")
    async def called(chat: Chat) -> None:
        chat.say("called")

    @router.command("sure")
    async def sure(chat: Chat) -> None:
        chat.say(str(await chat.confirm("sure?")))

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("answer")

    return router


async def at_night(world: Worlds) -> Simulator:
    sim = await world([telling()])
    sim.quiet, sim.now = parse("22:00-08:00", "UTC"), NIGHT
    await sim.restarts()
    return sim


async def test_it_waits_in_the_table_and_leaves_once_in_its_order(world: Worlds) -> None:
    sim = await at_night(world)
    ann = await sim.customer()
    await ann.says("hello")
    for name in ("first", "second", "third"):
        await sim.deliver(Inbound(sim.account, name, ann.sender, "order", data=name))
    assert [(row.state, row.due_at) for row in await Effect.filter(state="quiet")] == [("quiet", MORNING)] * 3
    assert not await timers.release(sim.now)
    sim.now = MORNING
    await asyncio.gather(*(sim.runtime.clockwork.morning() for _ in range(3)))  # as many nodes may do
    await sim.runtime.idle()
    assert [seen.text for seen in await ann.screen()] == ["answer", "first", "second", "third"]
    assert {row.delivery for row in await Message.filter(author="bot")} == {"sent"}
    assert not await timers.release(sim.now)


async def test_who_writes_at_night_waits_behind_nobody(small_world: Worlds) -> None:
    sim = await at_night(small_world)
    ann = await sim.customer()
    await ann.says("hello")
    await sim.deliver(Inbound(sim.account, "news", ann.sender, "order", data="news"))
    await ann.says("again")
    assert [seen.text for seen in await ann.screen()] == ["answer", "answer"]


async def test_a_number_that_is_typed_at_night_is_about_what_was_seen(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["sms"], tmp_path, sqlite_url, routers=[telling()]) as sim:
        ann = await sim.customer()
        await ann.says("hello")
        await sim.deliver(Inbound(sim.account, "day", ann.sender, "order", data="day"))
        assert [one.label for one in (await choices(ann))] == ["day"]
        sim.quiet, sim.now = parse("22:00-08:00", "UTC"), NIGHT
        await sim.restarts()
        await sim.deliver(Inbound(sim.account, "night", ann.sender, "order", data="night"))
        assert [one.label for one in (await choices(ann))] == ["day"]
        sim.now = MORNING
        await sim.deliver(Inbound(sim.account, "morning", ann.sender, "order", data="morning"))
        assert [one.label for one in (await choices(ann))] == ["morning"]


async def test_what_leaves_in_the_morning_takes_no_number_from_what_is_asked(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["sms"], tmp_path, sqlite_url, routers=[telling()]) as sim:
        sim.quiet, sim.now = parse("22:00-08:00", "UTC"), NIGHT
        await sim.restarts()
        ann = await sim.customer()
        await ann.says("hello")
        await sim.deliver(Inbound(sim.account, "night", ann.sender, "order", data="night"))
        await ann.says("/sure")
        await sim.passes("9h")
        assert [one.label for one in (await choices(ann))] == ["Yes", "No", "night"]
        await ann.says("night")
        assert "called" in (await ann.screen())[-2].text
        await ann.picks("Go on")
        await ann.says("1")
        assert await ann.sees("True")


@pytest.mark.parametrize(
    ("error", "within", "numbered"),
    [
        (DatabaseBusy("gone for a moment"), executors.NUMBERED_WITHIN, ["night"]),
        (DatabaseBusy("gone for too long"), 0.0, []),
        (OSError(), executors.NUMBERED_WITHIN, []),
    ],
)
async def test_what_has_left_leaves_once_whatever_becomes_of_its_numbers(
    sqlite_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    within: float,
    numbered: list[str],
) -> None:
    fails = [error]
    monkeypatch.setattr(executors, "NUMBERED_WITHIN", within)

    async def fetch_then(*query: Any) -> list[dict[str, Any]]:
        if fails and "SELECT choices" in query[0]:
            raise fails.pop()
        return await fetch(*query)

    async with Simulator(PROFILES["sms"], tmp_path, sqlite_url, routers=[telling()]) as sim:
        sim.quiet, sim.now = parse("22:00-08:00", "UTC"), NIGHT
        await sim.restarts()
        ann = await sim.customer()
        await ann.says("hello")
        await sim.deliver(Inbound(sim.account, "night", ann.sender, "order", data="night"))
        monkeypatch.setattr(numbering, "fetch", fetch_then)
        await sim.passes("9h")
        assert [seen.text.partition("\n")[0] for seen in await ann.screen()] == ["answer", "night"]
        assert (fails, [one.label for one in await choices(ann)]) == ([], numbered)
        assert await Effect.exclude(state="done").count() == 0


async def choices(customer: Customer) -> tuple[Choice, ...]:
    """What a typed number stands for now."""
    return msgspec.json.decode((await customer.conversation()).choices, type=tuple[Choice, ...])


async def test_what_is_tried_again_is_asked_again(small_world: Worlds) -> None:
    """The first try failed before ten; the second is due after ten."""
    sim = await at_night(small_world)
    ann = await sim.customer()
    await ann.says("hello")
    sim.now = datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC)
    sim.channel.failures.append(OSError("away"))
    await sim.runtime.accept([Inbound(sim.account, "news", ann.sender, "order", data="news")])
    while not await Effect.filter(state="pending", attempts=1).exists():
        await asyncio.sleep(0.002)
    sim.now = datetime(2026, 11, 23, 22, 0, 5, tzinfo=UTC)
    await sim.runtime.idle()
    assert await Effect.filter(state="quiet", due_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC)).count() == 1
