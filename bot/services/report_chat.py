"""Reports as a manager asks for them in a chat: the linked staff account decides what may be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.errors import Refused
from bot.core.message import Reply
from bot.core.period import last_period, zone
from bot.core.registry import reads
from bot.core.report import REPORTS
from bot.services import report_runs, reports, staff
from bot.services.scope import Scope, words
from models import ReportDelivery

ZONES = ("Asia/Shanghai", "Europe/London", "America/New_York")

Span = Literal["day", "week", "month"]
"""The last whole one, in the manager's time zone."""


@dataclass(frozen=True, slots=True)
class ReportChoice:
    """A report in the reader's language."""

    name: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription of this chat."""

    id: int
    title: str
    cron: str
    timezone: str
    next_at: datetime | None

    @property
    def local_next(self) -> str:
        """The next time on the subscription's own clock, `2026-11-23 09:00`; "" when there is none."""
        return self.next_at.astimezone(zone(self.timezone)).strftime("%Y-%m-%d %H:%M") if self.next_at else ""


@reads
async def available(scope: Scope) -> tuple[ReportChoice, ...]:
    """Every report. Raises `Refused`: "not_linked", "managers_only"."""
    await _manager(scope)
    return tuple(
        ReportChoice(info.name, words(dict(info.title), scope.locale), words(dict(info.description), scope.locale))
        for info in REPORTS.values()
    )


@reads
async def zones(scope: Scope) -> tuple[str, ...]:
    """Time zones that the manager may mean: first the account's own."""
    own = (await _manager(scope)).timezone
    return (own, *(zone for zone in ZONES if zone != own))


async def run_now(scope: Scope, report: str, kind: Span) -> int:
    """Make the report of this time; it comes to this chat. Returns the run's id."""
    manager = await _manager(scope)
    period = last_period(kind, scope.now, manager.timezone)
    run = await reports.request_run(
        manager.id,
        report,
        period,
        scope.now,
        known=REPORTS.keys(),
        conversation_id=scope.conversation_id,
        locale=scope.locale,
    )
    return run.id


async def subscribe(scope: Scope, report: str, cron: str, timezone: str) -> Subscription:
    """Send the report to this chat at these times. Raises `Refused`: "bad_timezone", "bad_cron"."""
    manager = await _manager(scope)
    view = await reports.subscribe(
        manager.id, scope.conversation_id, report, cron, timezone, scope.locale, scope.now, known=REPORTS.keys()
    )
    return _subscription(view, scope.locale)


async def unsubscribe(scope: Scope, subscription_id: int) -> None:
    """End one of this chat's subscriptions."""
    manager = await _manager(scope)
    if subscription_id not in [
        one.id for one in await reports.list_subscriptions(conversation_id=scope.conversation_id)
    ]:
        raise Refused("no_subscription")
    await reports.unsubscribe(subscription_id, manager.id, scope.now)


@reads
async def subscriptions(scope: Scope) -> tuple[Subscription, ...]:
    """This chat's subscriptions."""
    await _manager(scope)
    rows = await reports.list_subscriptions(conversation_id=scope.conversation_id)
    return tuple(_subscription(row, scope.locale) for row in rows)


async def take_delivery(scope: Scope, run_id: int) -> Reply | None:
    """The report's message for this chat, once: it is marked as delivered in the same transaction."""
    titles = {name: info.title for name, info in REPORTS.items()}
    for delivery in await report_runs.deliveries_due(run_id, titles=titles):
        if delivery.conversation_id == scope.conversation_id:
            await report_runs.delivered(delivery.id)
            return delivery.reply
    return None


async def give_up_delivery(scope: Scope, run_id: int) -> None:
    """Nothing may be sent to this chat now: its delivery has failed, and the report is at the desk."""
    await report_runs.undelivered(run_id, scope.conversation_id)


async def waiting_for(run_id: int) -> tuple[int, ...]:
    """The conversations that a run is still to be delivered to."""
    rows = await ReportDelivery.filter(run_id=run_id, state="due").order_by("id")
    return tuple(row.conversation_id for row in rows)


async def _manager(scope: Scope) -> staff.StaffView:
    person = await staff.staff_of(scope)
    if person is None:
        raise Refused("not_linked")
    if not person.may("manager"):
        raise Refused("managers_only")
    return person


def _subscription(view: reports.SubscriptionView, locale: str) -> Subscription:
    info = REPORTS.get(view.report)
    title = words(dict(info.title), locale) if info else view.report
    return Subscription(view.id, title, view.cron, view.timezone, view.next_at)
