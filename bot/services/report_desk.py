"""Report runs and subscriptions as the desk shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import Refused
from bot.services import audit
from bot.services.report_runs import RunView
from bot.services.rows import moment
from models import ReportSubscription
from models.database import as_time, fetch, marks

RUNS = 50
_RUN = (
    "SELECT id, report, slot, period_start, period_end, timezone, state, progress, error, created_at, finished_at "
    "FROM report_run"
)


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """Who gets a report where, and when next."""

    id: int
    report: str
    cron: str
    timezone: str
    next_at: datetime | None
    staff_name: str
    conversation_id: int
    conversation_name: str  # empty: nobody has told one
    external_id: str
    account: str


async def runs(report: str) -> tuple[RunView, ...]:
    """A report's newest runs."""
    found = await fetch(f"{_RUN} WHERE report = ? ORDER BY created_at DESC LIMIT ?", (report, RUNS))
    return tuple(_run(row) for row in found)


async def last_runs(reports: Sequence[str]) -> dict[str, RunView]:
    """The newest run of each report."""
    found = [await fetch(f"{_RUN} WHERE report = ? ORDER BY created_at DESC LIMIT 1", (name,)) for name in reports]
    return {rows[0]["report"]: _run(rows[0]) for rows in found if rows}


async def runs_by_id(ids: Sequence[int]) -> tuple[RunView, ...]:
    """Runs by id; those that are gone are left out."""
    if not ids:
        return ()
    return tuple(_run(row) for row in await fetch(f"{_RUN} WHERE id IN ({marks(len(ids))})", list(ids)))


async def result(run_id: int) -> tuple[RunView, str]:
    """A run and its result's JSON, "" while there is none. Raises `Refused("no_run")`."""
    found = await runs_by_id([run_id])
    if not found:
        raise Refused("no_run")
    kept = await fetch("SELECT result FROM report_run WHERE id = ?", (run_id,))
    return found[0], kept[0]["result"]


async def subscriptions() -> tuple[SubscriptionRow, ...]:
    """All that are on, the next one first."""
    found = await fetch(
        "SELECT u.id, u.report, u.cron, u.timezone, u.next_at, u.conversation_id, s.name AS staff_name, "
        "c.account, k.name AS contact_name, i.name AS identity_name, i.external_id FROM report_subscription u "
        "JOIN staff s ON s.id = u.staff_id JOIN conversation c ON c.id = u.conversation_id "
        "JOIN contact k ON k.id = c.contact_id JOIN identity i ON i.id = c.identity_id "
        "WHERE u.active = ? ORDER BY u.next_at LIMIT 500",
        (True,),
    )
    return tuple(_subscription(row) for row in found)


async def unsubscribe(subscription_id: int, staff_id: int, now: datetime) -> None:
    """Stop it; inside the caller's transaction. Raises `Refused("not_found")`."""
    if not await ReportSubscription.filter(id=subscription_id).delete():
        raise Refused("not_found")
    await audit.record(staff_id, "subscription.delete", f"subscription:{subscription_id}", now)


def _run(row: Any) -> RunView:
    return RunView(
        id=row["id"],
        report=row["report"],
        slot=row["slot"],
        period_start=moment(row["period_start"]),
        period_end=moment(row["period_end"]),
        timezone=row["timezone"],
        state=row["state"],
        progress=row["progress"],
        error=row["error"],
        created_at=moment(row["created_at"]),
        finished_at=as_time(row["finished_at"]),
    )


def _subscription(row: Any) -> SubscriptionRow:
    return SubscriptionRow(
        id=row["id"],
        report=row["report"],
        cron=row["cron"],
        timezone=row["timezone"],
        next_at=as_time(row["next_at"]),
        staff_name=row["staff_name"],
        conversation_id=row["conversation_id"],
        conversation_name=row["contact_name"] or row["identity_name"],
        external_id=row["external_id"],
        account=row["account"],
    )
