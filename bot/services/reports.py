"""Who gets which report when: subscriptions, and reports that somebody asks for now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from bot.core.errors import BadInput, Refused
from bot.core.period import Period, last_period, zone
from bot.core.registry import reads
from bot.services import audit, report_runs
from bot.services.report_readers import check_linked, check_manager
from bot.services.report_runs import RunView
from bot.services.report_times import latest_time, next_time, period_kind
from models import Conversation, ReportRun, ReportSubscription, Staff
from models.database import transaction


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """One subscription, as the desk and the handlers show it; `next_at` is aware UTC."""

    id: int
    report: str
    cron: str
    timezone: str
    locale: str
    next_at: datetime | None
    staff_id: int
    staff: str
    conversation_id: int
    conversation: str  # the name of the person there
    account: str


async def subscribe(
    staff_id: int,
    conversation_id: int,
    report: str,
    cron: str,
    timezone: str,
    locale: str,
    now: datetime,
    *,
    known: Collection[str],
) -> SubscriptionView:
    """Send `report` (one of `known`) there from now on; the same again changes nothing but the language.

    Raises `Refused`: "no_report", "managers_only", "no_conversation", "not_linked" (the chat is nobody's of the staff),
    "bad_cron", "bad_timezone".
    """
    if report not in known:
        raise Refused("no_report", report=report)
    await check_manager(staff_id)
    await check_linked(conversation_id)
    first = _first_time(cron, timezone, now)
    same = ReportSubscription.filter(report=report, conversation_id=conversation_id, cron=cron, timezone=timezone)
    try:
        async with transaction():
            row = await ReportSubscription.create(
                report=report,
                staff_id=staff_id,
                conversation_id=conversation_id,
                cron=cron,
                timezone=timezone,
                locale=locale,
                next_at=first,
                created_at=now,
            )
    except IntegrityError:
        await same.update(staff_id=staff_id, locale=locale, active=True, next_at=first)
        row = await same.get()
    return (await _views([row]))[0]


def _first_time(cron: str, timezone: str, now: datetime) -> datetime:
    try:
        zone(timezone)
    except BadInput as error:
        raise Refused("bad_timezone", timezone=timezone) from error
    try:
        return next_time(cron, timezone, now)
    except BadInput as error:
        raise Refused("bad_cron", why=str(error)) from error


async def unsubscribe(subscription_id: int, staff_id: int, now: datetime) -> None:
    """End a subscription. Raises `Refused`: "managers_only", "not_found"."""
    await check_manager(staff_id)
    if not await ReportSubscription.filter(id=subscription_id).delete():
        raise Refused("not_found")
    await audit.record(staff_id, "subscription.delete", f"subscription:{subscription_id}", now)


@reads
async def list_subscriptions(
    *, report: str | None = None, conversation_id: int | None = None
) -> list[SubscriptionView]:
    """Active subscriptions, all or of one report or conversation, by report and next time."""
    wanted: dict[str, Any] = {"active": True}
    wanted |= {"report": report} if report is not None else {}
    wanted |= {"conversation_id": conversation_id} if conversation_id is not None else {}
    return await _views(await ReportSubscription.filter(**wanted).order_by("report", "next_at", "id"))


async def _views(rows: Sequence[ReportSubscription]) -> list[SubscriptionView]:
    staff = {row.id: row.name for row in await Staff.filter(id__in=[row.staff_id for row in rows])}
    ids = [row.conversation_id for row in rows]
    talks = {row.id: row for row in await Conversation.filter(id__in=ids).select_related("identity", "contact")}
    return [
        SubscriptionView(
            id=row.id,
            report=row.report,
            cron=row.cron,
            timezone=row.timezone,
            locale=row.locale,
            next_at=row.next_at,
            staff_id=row.staff_id,
            staff=staff.get(row.staff_id, ""),
            conversation_id=row.conversation_id,
            conversation=talks[row.conversation_id].contact.name or talks[row.conversation_id].identity.name,
            account=talks[row.conversation_id].account,
        )
        for row in rows
    ]


async def request_run(
    staff_id: int,
    report: str,
    period: Period,
    now: datetime,
    *,
    known: Collection[str],
    conversation_id: int | None = None,
    locale: str = "en",
) -> RunView:
    """Make a report now, and send it to the conversation when one is given. Raises `Refused` as `subscribe` does."""
    if report not in known:
        raise Refused("no_report", report=report)
    await check_manager(staff_id)
    if conversation_id is not None:
        await check_linked(conversation_id)
    run = await report_runs.create_run_now(report, period, now)
    if conversation_id is None:
        await report_runs.add_effect(run.id, None, now)
    else:
        await report_runs.deliver_to(run.id, conversation_id, locale, now)
    return report_runs.view(run)


@reads
async def due_subscriptions(now: datetime, *, limit: int = 200) -> list[int]:
    """Ids of subscriptions whose time has come, the longest waiting first."""
    due = ReportSubscription.filter(active=True, next_at__lte=now).order_by("next_at", "id").limit(limit)
    return [row.id for row in await due]


async def fire(subscription_id: int, now: datetime) -> int | None:
    """Give a due subscription its report: the run of its latest time, shared with all who want the same.

    Times that were missed are not made up for one by one. Returns the run's id; None when another node was faster, or
    the subscriber may not have it any more. Call in a transaction of its own.
    """
    row = await ReportSubscription.filter(id=subscription_id, active=True).select_for_update().first()
    if row is None or row.next_at is None or row.next_at > now:
        return None
    slot = latest_time(row.cron, row.timezone, row.next_at, now)
    row.next_at = next_time(row.cron, row.timezone, now)
    await row.save(update_fields=["next_at"])
    if not await _may_have(row):
        return None
    period = last_period(period_kind(row.cron), slot, row.timezone)
    run_id = await report_runs.claim_slot(row.report, period, now)
    if run_id is None:
        run_id = (await ReportRun.get(report=row.report, slot=period.key)).id
    return run_id if await report_runs.deliver_to(run_id, row.conversation_id, row.locale, now) else None


async def _may_have(row: ReportSubscription) -> bool:
    try:
        await check_manager(row.staff_id)
        await check_linked(row.conversation_id)
    except Refused:
        row.active = False
        await row.save(update_fields=["active"])
        return False
    return True
