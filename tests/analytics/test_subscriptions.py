"""Subscriptions and the clock: one run a slot, one delivery a chat, managers only, on both engines."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.core.errors import Refused
from bot.core.period import Period
from bot.runtime.schedule import Schedule
from bot.services import report_runs, reports
from bot.services.reports import SubscriptionView
from models import Attachment, Audit, Effect, Identity, ReportDelivery, ReportRun, ReportSubscription, Staff
from models.database import transaction
from tests.analytics.shop import Shop

KNOWN = ("sales", "reviews", "service")
SUNDAY = datetime(2026, 11, 22, 4, tzinfo=UTC)
MONDAY_NINE = datetime(2026, 11, 23, 1, tzinfo=UTC)  # in Shanghai
WEEK = Period("week", date(2026, 11, 16), date(2026, 11, 23), "Asia/Shanghai")
TITLES = {"sales": {"en": "Sales", "zh": "销售报告"}}
MANAGER, AGENT = 1, 2


class Clock:
    def __init__(self) -> None:
        self.now = SUNDAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(autouse=True)
async def _shop(database: str) -> None:
    """Conversations 1 to 40, of which 1 and 2 are the manager's and 3 the agent's linked chats."""
    await Shop(21).open()
    for number, role in ((MANAGER, "manager"), (AGENT, "agent")):
        await Staff.create(id=number, login=role, name=role.title(), role=role, password_hash="x", created_at=SUNDAY)
    await Identity.filter(id__in=[1, 2]).update(staff_id=MANAGER)
    await Identity.filter(id=3).update(staff_id=AGENT)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def schedule(clock: Clock) -> Schedule:
    return Schedule(clock, lambda: None)


async def _subscribe(conversation_id: int = 1, cron: str = "0 9 * * mon", **changes: Any) -> SubscriptionView:
    values = {"staff_id": MANAGER, "report": "sales", "timezone": "Asia/Shanghai", "locale": "zh-CN", "now": SUNDAY}
    async with transaction():
        return await reports.subscribe(conversation_id=conversation_id, cron=cron, known=KNOWN, **values | changes)


async def test_a_subscription_knows_when_it_is_due() -> None:
    made = await _subscribe()
    assert made.next_at == MONDAY_NINE
    assert (made.staff, made.conversation, made.account) == ("Manager", "Ann Canary 1", "webchat")
    again = await _subscribe(locale="en")
    assert (again.id, again.locale) == (made.id, "en")
    assert await reports.list_subscriptions(report="sales", conversation_id=1) == [again]
    assert await reports.list_subscriptions(report="reviews") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"report": "nothing"}, "no_report"),
        ({"staff_id": AGENT}, "managers_only"),
        ({"staff_id": 99}, "managers_only"),
        ({"conversation_id": 99}, "no_conversation"),
        ({"conversation_id": 7}, "not_linked"),  # a customer's
        ({"conversation_id": 3}, "not_linked"),  # an agent's
        ({"cron": "* * * * *"}, "bad_cron"),
        ({"timezone": "Mars/Olympus"}, "bad_timezone"),
    ],
)
async def test_what_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        await _subscribe(**changes)
    assert refused.value.code == code
    assert await ReportSubscription.all().count() == 0


async def test_a_tick_makes_one_run_for_all_who_want_the_same(schedule: Schedule, clock: Clock) -> None:
    await _subscribe(1)
    await _subscribe(2)
    await _subscribe(2, report="reviews")
    assert await schedule.tick() == []
    clock.now = MONDAY_NINE
    fired = await schedule.tick()
    assert len(fired) == 3
    runs = {run.report: run for run in await ReportRun.all()}
    assert {
        name: (run.slot, run.period_start, run.period_end, run.state) for name, run in runs.items()
    } == dict.fromkeys(("sales", "reviews"), ("week/2026-11-16/Asia/Shanghai", WEEK.starts_at, WEEK.ends_at, "due"))
    deliveries = (
        await ReportDelivery.all().order_by("conversation_id").values_list("run_id", "conversation_id", "locale")
    )
    assert set(deliveries) == {
        (runs["sales"].id, 1, "zh-CN"), (runs["sales"].id, 2, "zh-CN"), (runs["reviews"].id, 2, "zh-CN")
    }  # fmt: skip
    effects = await Effect.all()
    assert {(effect.kind, effect.lane, effect.conversation_id) for effect in effects} == {
        ("report", "reports", 1), ("report", "reports", 2)
    }  # fmt: skip
    assert {json.loads(effect.payload)["run"] for effect in effects} == {run.id for run in runs.values()}
    assert await schedule.tick() == []
    next_week = MONDAY_NINE + timedelta(days=7)
    assert {row.next_at for row in await ReportSubscription.all()} == {next_week}


async def test_a_later_subscriber_shares_the_run_that_is_there(schedule: Schedule, clock: Clock) -> None:
    await _subscribe(1, "0 9 * * mon")
    await _subscribe(2, "0 11 * * mon")
    clock.now = MONDAY_NINE
    first = await schedule.tick()
    clock.now += timedelta(hours=2)
    assert await schedule.tick() == first
    assert await ReportRun.all().count() == 1
    assert await Effect.all().count() == 2


async def test_after_a_long_stop_a_report_comes_once(schedule: Schedule, clock: Clock) -> None:
    await _subscribe(1, "0 9 * * *")
    clock.now = MONDAY_NINE + timedelta(days=40, hours=5)
    assert len(await schedule.tick()) == 1
    assert (await ReportRun.get()).slot == "day/2027-01-01/Asia/Shanghai"
    assert (await ReportSubscription.get()).next_at == MONDAY_NINE + timedelta(days=41)


async def test_many_nodes_tick_at_once(clock: Clock) -> None:
    for number in (1, 2):
        await _subscribe(number, "30 2 * * *", timezone="America/New_York")
    nodes = [Schedule(clock, lambda: None) for _ in range(4)]
    start = datetime(2026, 10, 20, tzinfo=UTC)
    await ReportSubscription.all().update(next_at=start)
    for day in range(20):  # over the night in which 02:30 comes once and 01:30 twice
        clock.now = start + timedelta(days=day, hours=12)
        await asyncio.gather(*(node.tick() for node in nodes))
    runs = await ReportRun.all().order_by("period_start")
    assert [run.slot.split("/")[1] for run in runs] == [f"{date(2026, 10, 19) + timedelta(days=n)}" for n in range(20)]
    assert await ReportDelivery.all().count() == 40
    assert await Effect.all().count() == 40


async def test_who_is_no_manager_any_more_gets_nothing(schedule: Schedule, clock: Clock) -> None:
    made = await _subscribe()
    await Staff.filter(id=MANAGER).update(role="agent")
    clock.now = MONDAY_NINE
    assert await schedule.tick() == []
    assert await ReportRun.all().count() == 0
    assert not (await ReportSubscription.get(id=made.id)).active


async def test_unsubscribe() -> None:
    made = await _subscribe()
    with pytest.raises(Refused):
        await reports.unsubscribe(made.id, AGENT, SUNDAY)
    await reports.unsubscribe(made.id, MANAGER, SUNDAY)
    assert await reports.list_subscriptions() == []
    assert (await Audit.get()).action == "subscription.delete"
    with pytest.raises(Refused):
        await reports.unsubscribe(made.id, MANAGER, SUNDAY)


async def test_a_run_on_demand() -> None:
    run = await reports.request_run(MANAGER, "sales", WEEK, SUNDAY, known=KNOWN, conversation_id=1, locale="zh")
    other = await reports.request_run(MANAGER, "sales", WEEK, SUNDAY, known=KNOWN)
    assert run.slot.startswith("now:")
    assert run.slot != other.slot
    assert await Effect.all().order_by("id").values_list("conversation_id", flat=True) == [1, None]
    assert await report_runs.deliveries_due(run.id, titles=TITLES) == []
    with pytest.raises(Refused):
        await reports.request_run(AGENT, "sales", WEEK, SUNDAY, known=KNOWN)
    assert report_runs.view(await ReportRun.get(id=run.id)) == run


async def _finish(run_id: int) -> None:
    ids = {}
    for language in ("en", "zh"):
        ids[language] = {}
        for part, kind, name in (("picture", "image", "sales.png"), ("sheet", "file", "sales.xlsx")):
            row = await Attachment.create(kind=kind, name=f"{language}-{name}", state="stored", created_at=SUNDAY)
            ids[language][part] = row.id
    results = {
        "en": {"title": "Sales", "period": "16–22 Nov 2026", "words": ["One.", "Two.", "Three."]},
        "zh": {"title": "销售报告", "period": "2026年11月16日至22日", "words": ["一。", "二。", "三。"]},
    }
    await ReportRun.filter(id=run_id).update(state="done", result=json.dumps({"results": results, "files": ids}))


async def test_the_message_of_a_finished_run() -> None:
    run = await reports.request_run(MANAGER, "sales", WEEK, SUNDAY, known=KNOWN, conversation_id=1, locale="zh-CN")
    await _finish(run.id)
    (delivery,) = await report_runs.deliveries_due(run.id, titles=TITLES)
    assert (delivery.conversation_id, delivery.locale) == (1, "zh-CN")
    assert delivery.reply.text == "销售报告 · 2026年11月16日至22日\n一。\n二。\n三。"
    assert [(file.kind, file.name) for file in delivery.reply.files] == [
        ("image", "zh-sales.png"),
        ("file", "zh-sales.xlsx"),
    ]
    await report_runs.delivered(delivery.id)
    assert await report_runs.deliveries_due(run.id, titles=TITLES) == []
    assert (await ReportDelivery.get()).state == "sent"


async def test_the_message_of_a_failed_run_says_why_and_when(schedule: Schedule, clock: Clock) -> None:
    await _subscribe(1)
    await _subscribe(2, locale="en")
    clock.now = MONDAY_NINE
    (run_id, _) = await schedule.tick()
    await ReportRun.filter(id=run_id).update(state="failed", error="memory ran out")
    texts = [delivery.reply.text for delivery in await report_runs.deliveries_due(run_id, titles=TITLES)]
    assert texts == [
        "销售报告未能生成：memory ran out。将于 2026-11-30 09:00 再次生成。",
        "Sales: the report could not be made because memory ran out. We try again at 2026-11-30 09:00.",
    ]


async def test_a_chat_that_was_unlinked_gets_nothing() -> None:
    run = await reports.request_run(MANAGER, "sales", WEEK, SUNDAY, known=KNOWN, conversation_id=1)
    await _finish(run.id)
    await Identity.filter(id=1).update(staff_id=None)
    assert await report_runs.deliveries_due(run.id, titles=TITLES) == []
    assert (await ReportDelivery.get()).state == "failed"
