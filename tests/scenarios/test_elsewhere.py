"""What nobody waits for finds its way: a question that waits where we may not write is told of in another app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.core.quiet import parse
from bot.services import same_person
from models import Dialog, Effect, Message
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import MODES, Customer, Mode, Simulator

TOLD = "In QQ I asked you: How was it?"
DAY = timedelta(days=1)


@pytest.fixture(params=MODES, ids=lambda mode: mode.name)
async def shops(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A shop on QQ, where one may answer for an hour, and on Telegram; at night it is quiet."""
    mode: Mode = request.param
    more, quiet = (PROFILES["telegram"],), parse("22:00-08:00", "UTC")
    async with Simulator(PROFILES["qq"], tmp_path, sqlite_url, mode, more=more, quiet=quiet) as world:
        yield world


async def asked(sim: Simulator, at: datetime) -> tuple[Customer, Customer]:
    """Ann is one person on QQ and Telegram, and was asked something on QQ at this time."""
    sim.now = at - timedelta(hours=1)
    qq, telegram = await sim.customer(), await sim.customer("Annie", on="telegram")
    await qq.says("hello")
    await telegram.says("hello")
    async with transaction():
        await same_person.join((await qq.identity()).id, (await telegram.identity()).id, sim.now)
    sim.now = at
    await qq.says("review")
    assert await qq.sees("How was it?")
    return qq, telegram


async def passes_to(sim: Simulator, at: datetime) -> None:
    sim.now = at
    await sim.passes("0m")


NOON, EVENING = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC)


async def test_a_reminder_goes_where_one_may_write_once(shops: Simulator) -> None:
    qq, telegram = await asked(shops, NOON)
    await passes_to(shops, NOON + DAY)
    await passes_to(shops, NOON + DAY)
    assert (await telegram.times(TOLD), await qq.times("Are you still there?")) == (1, 0)
    assert (await Dialog.get()).remind_at is None
    await qq.picks("5 ★")
    assert "What should others know?" in (await qq.last()).text


async def test_it_waits_for_the_morning_there_and_is_moot_once_the_question_is_answered_here(shops: Simulator) -> None:
    qq, telegram = await asked(shops, EVENING)
    await passes_to(shops, EVENING + DAY)
    assert (await telegram.times(TOLD), await Effect.filter(state="quiet").count()) == (0, 1)
    shops.now += timedelta(minutes=5)
    await qq.picks("5 ★")
    await passes_to(shops, EVENING + DAY + timedelta(hours=9))
    assert (await telegram.times(TOLD), [row.error for row in await Message.filter(delivery="failed")]) == (0, ["moot"])


async def test_who_wants_no_reminders_where_they_were_asked_gets_none_elsewhere(shops: Simulator) -> None:
    qq, telegram = await asked(shops, NOON)
    await qq.says("STOP")
    await qq.says("review")
    await passes_to(shops, NOON + DAY)
    assert (await telegram.times(TOLD), (await Dialog.get()).remind_at) == (0, None)


async def test_nobody_is_reminded_who_does_not_want_it_there_or_whom_a_person_serves(shops: Simulator) -> None:
    qq, telegram = await asked(shops, NOON)
    await telegram.says("STOP")
    await passes_to(shops, NOON + DAY)
    assert await telegram.times(TOLD) == 0
    await telegram.says("START")
    await telegram.picks("No")
    mei, talk = await shops.staff(), await qq.conversation()
    await shops.runtime.desk.take_over(talk.id, mei.id)
    await Dialog.all().update(remind_at=shops.now)
    await passes_to(shops, NOON + DAY)
    assert await telegram.times(TOLD) == 0
