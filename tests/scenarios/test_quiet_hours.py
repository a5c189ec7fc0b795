"""What nobody waits for waits for the morning, in its order, through restarts; what somebody waits for never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.core.message import Inbound
from bot.core.quiet import parse
from models import Broadcast, Dialog, Effect, Identity, Message, Order, ReportDelivery, ReportRun
from tests.kit.profiles import PROFILES
from tests.kit.simulator import MODES, Customer, Simulator
from tests.scenarios.test_broadcast import WORDS, says_yes, sends
from tests.scenarios.test_order import who_ordered

NIGHT = parse("22:00-08:00", "Asia/Shanghai")
LATE, MORNING = "2026-11-22 23:00", "2026-11-23 08:00"


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.fixture(params=["telegram", "whatsapp", "sms", "wechat"])
async def night(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A shop that sleeps from ten to eight, and restarts before each message, which comes twice."""
    async with Simulator(PROFILES[request.param], tmp_path, sqlite_url, MODES[1], quiet=NIGHT) as world:
        yield world


@pytest.fixture
async def one_night(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The same on one channel, plainly."""
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, quiet=NIGHT) as world:
        yield world


async def buyer(sim: Simulator) -> Customer:
    """Ann has paid for an order, late in the evening."""
    sim.now = shanghai("2026-11-22 21:50")
    ann = await who_ordered(sim)
    await ann.pays()
    return ann


async def moves(sim: Simulator, to: Customer, state: str, *, urgent: bool = False) -> None:
    """The order takes a step, of which the customer is to hear."""
    number = (await Order.get()).number
    await Order.all().update(state=state)
    key = f"order:{number}:{state}"
    await sim.deliver(Inbound(sim.account, key, to.sender, "order", data=number, urgent=urgent))


async def comes(sim: Simulator, time: str) -> None:
    """It is this time in Shanghai, and the clock does what became due."""
    sim.now = shanghai(time)
    await sim.passes("0m")


async def test_news_wait_for_the_morning_in_their_order_and_answers_do_not(night: Simulator) -> None:
    ann = await buyer(night)
    night.now = shanghai(LATE)
    await moves(night, ann, "packed")
    await moves(night, ann, "shipped")
    assert [row.delivery for row in await Message.filter(delivery="quiet")] == ["quiet"] * 2
    await ann.says("my orders")  # and whoever writes at night is answered at night
    assert "Here are your orders." in (await ann.last()).text
    before = len(await ann.screen())
    await comes(night, "2026-11-23 07:59")
    assert len(await ann.screen()) == before
    await night.restarts()
    await comes(night, MORNING)
    told = [seen.text for seen in await ann.screen()][before:]
    assert [("is packed" in text, "is on its way" in text) for text in told] == [(True, False), (False, True)]
    await comes(night, "2026-11-23 08:05")
    assert len(await ann.screen()) == before + 2
    assert await Effect.exclude(state="done").count() == 0


async def test_a_number_means_what_was_shown_last(sqlite_url: str, tmp_path: Path) -> None:
    """A menu that waits for the morning is none of the night, and is one when it has come."""
    async with Simulator(PROFILES["sms"], tmp_path, sqlite_url, MODES[1], quiet=NIGHT) as sim:
        sim.now = shanghai(LATE)
        ann = await says_yes(await sim.customer())
        id_ = await sends(sim, label="My orders", command="orders")
        await Broadcast.all().update(state="running")
        # The night fell when it was on its way to the lane.
        name = f"news:{id_}"
        await sim.deliver(Inbound(sim.account, name, ann.sender, "news", data=str(id_), client_id=name))
        assert not await ann.sees(WORDS)
        await ann.says("1")
        assert "That is all we have." in (await ann.last()).text
        await comes(sim, MORNING)
        assert "1. My orders" in (await ann.last()).text
        await ann.says("1")
        assert "You have no orders yet." in (await ann.last()).text


async def test_what_is_urgent_is_told_at_any_hour(one_night: Simulator) -> None:
    ann = await buyer(one_night)
    one_night.now = shanghai(LATE)
    await moves(one_night, ann, "cancelled", urgent=True)
    assert await ann.times("has been cancelled") == 1


async def test_a_payment_is_told_of_at_night(one_night: Simulator) -> None:
    one_night.now = shanghai(LATE)
    ann = await who_ordered(one_night)
    await ann.pays()
    assert await ann.times("Your payment has arrived.") == 1


async def test_staff_write_at_any_hour(one_night: Simulator) -> None:
    ann, mei = await one_night.customer(), await one_night.staff()
    one_night.now = shanghai(LATE)
    await ann.says("hello")
    talk = await ann.conversation()
    await one_night.runtime.desk.take_over(talk.id, mei.id)
    await one_night.runtime.desk.say(talk.id, mei.id, "m1", "Good night", ())
    await one_night.runtime.idle()
    assert await ann.times("Good night") == 1


async def test_a_takeover_cancels_what_waits_for_the_morning(one_night: Simulator) -> None:
    ann, mei = await buyer(one_night), await one_night.staff()
    one_night.now = shanghai(LATE)
    await moves(one_night, ann, "shipped")
    await one_night.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    await comes(one_night, MORNING)
    assert await ann.times("is on its way") == 0
    assert [row.error for row in await Message.filter(delivery="failed")] == ["takeover"]


async def test_a_stop_reaches_what_waits_already(one_night: Simulator) -> None:
    ann = await buyer(one_night)
    one_night.now = shanghai(LATE)
    await moves(one_night, ann, "shipped")
    await ann.says("STOP")
    await ann.picks("Not even of my orders")
    await comes(one_night, MORNING)
    assert await ann.times("is on its way") == 0
    assert [(row.delivery, row.error) for row in await Message.filter(delivery="failed")] == [("failed", "unwanted")]
    assert await Effect.filter(state="cancelled", payload="").count() == 1


async def test_the_customers_own_night_counts_where_it_is_known(one_night: Simulator) -> None:
    ann = await buyer(one_night)
    await Identity.all().update(timezone="Europe/Berlin")
    one_night.now = shanghai(LATE)  # 16:00 in Berlin
    await moves(one_night, ann, "packed")
    assert await ann.times("is packed") == 1
    one_night.now = shanghai("2026-11-23 09:00")  # 02:00 in Berlin
    await moves(one_night, ann, "shipped")
    assert await ann.times("is on its way") == 0
    await comes(one_night, "2026-11-23 15:00")
    assert await ann.times("is on its way") == 1


async def asked_late(sim: Simulator) -> Customer:
    """Ann was asked something that she should be reminded of at night."""
    sim.now = shanghai("2026-11-22 02:00") + timedelta(hours=21)
    ann = await sim.customer()
    await ann.says("review")
    return ann


async def test_a_reminder_waits_for_the_morning(one_night: Simulator) -> None:
    ann = await asked_late(one_night)
    await comes(one_night, "2026-11-23 23:00")
    assert (await Dialog.get()).remind_at == shanghai("2026-11-24 08:00")
    assert await ann.times("Are you still there?") == 0
    await one_night.restarts()
    await comes(one_night, "2026-11-24 08:00")
    assert await ann.times("Are you still there?") == 1
    assert (await Dialog.get()).expire_at == shanghai("2026-11-25 23:00")


async def test_a_reminder_whose_question_was_answered_at_night_is_moot(one_night: Simulator) -> None:
    ann = await asked_late(one_night)
    await comes(one_night, "2026-11-23 23:00")
    await ann.picks("5 ★")
    await comes(one_night, "2026-11-24 08:00")
    assert await ann.times("Are you still there?") == 0


async def test_a_reminder_that_was_said_before_the_night_fell_is_moot_once_the_customer_writes(
    one_night: Simulator,
) -> None:
    """It was on its way when the quiet hours began: what waits is asked once more before it leaves."""
    ann = await asked_late(one_night)
    talk, dialog = await ann.conversation(), await Dialog.get()
    one_night.now = shanghai("2026-11-23 23:00")
    key = f"remind:{dialog.token}:now"
    await one_night.deliver(Inbound(one_night.account, key, ann.sender, "timer", data=f"remind:{dialog.token}"))
    assert await Effect.filter(conversation_id=talk.id, state="quiet").count() == 2
    await ann.picks("5 ★")
    await comes(one_night, "2026-11-24 08:00")
    assert await ann.times("Are you still there?") == 0
    assert {row.error for row in await Message.filter(delivery="failed")} == {"moot"}


async def test_a_reminder_is_not_kept_beyond_the_end_of_its_dialog(one_night: Simulator) -> None:
    ann = await asked_late(one_night)
    await Dialog.all().update(expire_at=shanghai("2026-11-24 07:00"))
    await comes(one_night, "2026-11-23 23:00")
    assert (await Dialog.get()).remind_at is None
    await comes(one_night, "2026-11-24 08:00")
    assert await ann.times("Are you still there?") == 0
    assert await ann.times("I have closed what we had begun") == 1


async def test_a_dialog_that_ends_at_night_is_told_of_in_the_morning(one_night: Simulator) -> None:
    ann = await asked_late(one_night)
    await comes(one_night, "2026-11-25 23:30")
    assert (await Dialog.all().count(), await ann.times("I have closed")) == (0, 0)
    await comes(one_night, "2026-11-26 08:00")
    assert await ann.times("I have closed what we had begun") == 1


@pytest.mark.parametrize(("urgent", "at_night"), [(False, 0), (True, 1)])
async def test_a_report_waits_for_its_readers_morning_unless_they_asked_for_it(
    one_night: Simulator, urgent: bool, at_night: int
) -> None:
    mei, account = await one_night.customer("Mei"), await one_night.staff("Mei", "manager")
    account.timezone = "Europe/London"
    await account.save()
    await mei.says("hello")
    await Identity.all().update(staff_id=account.id)
    run = await ReportRun.create(
        report="sales", slot="s", period_start=one_night.now, period_end=one_night.now, timezone="UTC", state="failed",
        error="memory ran out", created_at=one_night.now,
    )  # fmt: skip
    await ReportDelivery.create(run=run, conversation_id=(await mei.conversation()).id, created_at=one_night.now)
    one_night.now = shanghai("2026-11-23 15:59")  # 07:59 in London
    report = Inbound(one_night.account, "r", mei.sender, "report", data=str(run.id), urgent=urgent)
    await one_night.deliver(report)
    assert await mei.times("memory ran out") == at_night
    await comes(one_night, "2026-11-23 16:00")
    assert await mei.times("memory ran out") == 1


async def test_the_web_chat_rings_no_bell_and_sleeps_at_no_hour(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, quiet=NIGHT) as sim:
        ann = await buyer(sim)
        sim.now = shanghai(LATE)
        await moves(sim, ann, "shipped")
        assert await ann.times("is on its way to you") == 1


async def test_a_reminder_that_slept_past_its_window_takes_no_template(sqlite_url: str, tmp_path: Path) -> None:
    """Her dialog ends at eleven, her window closes at three, and there is a template for what begins no talk."""
    async with Simulator(PROFILES["whatsapp"], tmp_path, sqlite_url, quiet=NIGHT) as sim:
        sim.now = shanghai("2026-11-22 03:00")
        ann = await sim.customer()
        await ann.says("review")
        await Dialog.all().update(expire_at=shanghai("2026-11-22 23:00"), remind_at=None)
        before = len(await ann.screen())
        await comes(sim, "2026-11-22 23:00")
        await comes(sim, "2026-11-23 08:00")
        assert len(await ann.screen()) == before
        assert await Effect.filter(state="held").count() == 1
