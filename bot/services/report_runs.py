"""The runs of reports: one a slot, what came of each, and one delivery a run and conversation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.message import Reply
from bot.core.period import Period, zone
from bot.core.registry import reads
from bot.services.attachments import as_core
from bot.services.report_readers import check_linked
from bot.services.scope import language
from models import Attachment, Effect, ReportDelivery, ReportRun, ReportSubscription
from models.database import transaction

#: Reports are made one after the other: each takes a processor and a gigabyte.
LANE = "reports"
EFFECT = "report"
_ASKED_FOR = "now:"


@dataclass(frozen=True, slots=True)
class RunView:
    """One run; times are aware UTC, `progress` is like "reading 40%"."""

    id: int
    report: str
    slot: str
    period_start: datetime
    period_end: datetime
    timezone: str
    state: str  # due | running | done | failed
    progress: str
    error: str
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to send: the report, or the sentence why there is none."""

    id: int
    run_id: int
    conversation_id: int
    locale: str
    reply: Reply


async def claim_slot(report: str, period: Period, now: datetime) -> int | None:
    """Make the run of a scheduled period; None when it is there already: a unique key decides."""
    try:
        async with transaction():
            run = await _create_run(report, period.key, period, now)
    except IntegrityError:
        return None
    run_id: int = run.id
    return run_id


async def create_run_now(report: str, period: Period, now: datetime) -> ReportRun:
    """Make a run that nobody else asked for; it is no slot's."""
    return await _create_run(report, f"{_ASKED_FOR}{secrets.token_hex(8)}", period, now)


async def is_asked_for(run_id: int) -> bool:
    """Whether somebody asked for this run and waits for it; else it is a subscription's."""
    return (await _run(run_id)).slot.startswith(_ASKED_FOR)


async def _create_run(report: str, slot: str, period: Period, now: datetime) -> ReportRun:
    return await ReportRun.create(
        report=report,
        slot=slot,
        period_start=period.starts_at,
        period_end=period.ends_at,
        timezone=period.timezone,
        created_at=now,
    )


async def deliver_to(run_id: int, conversation_id: int, locale: str, now: datetime) -> bool:
    """Add the run's one delivery to a conversation and the effect that makes both; False when it was there."""
    try:
        async with transaction():
            await ReportDelivery.create(run_id=run_id, conversation_id=conversation_id, locale=locale, created_at=now)
    except IntegrityError:
        return False
    await add_effect(run_id, conversation_id, now)
    return True


async def add_effect(run_id: int, conversation_id: int | None, now: datetime) -> None:
    """Of several effects of a run the first makes the report; the others find it made, and each delivers."""
    await Effect.create(
        key=f"report:{run_id}:{conversation_id or 'desk'}",
        kind=EFFECT,
        lane=LANE,
        conversation_id=conversation_id,
        payload=json.dumps({"run": run_id}),
        due_at=now,
        created_at=now,
    )


def localised(stored: Mapping[str, Any], locale: str) -> Mapping[str, Any]:
    """The result as `docs/web-api.md` has it, in the reader's language; `stored` is the run's result as JSON."""
    result: Mapping[str, Any] = stored["results"][language(locale)]
    return result


def files_of(stored: Mapping[str, Any], locale: str) -> Mapping[str, int]:
    """The ids of the attachments "picture" and "sheet" in the reader's language; `stored` as for `localised`."""
    files: Mapping[str, int] = stored["files"][language(locale)]
    return files


@reads
async def stored_result(run_id: int) -> Mapping[str, Any] | None:
    """The run's result as JSON; None while there is none. Raises `Refused("no_run")`."""
    run = await _run(run_id)
    return json.loads(run.result) if run.result else None


async def _run(run_id: int) -> ReportRun:
    run = await ReportRun.get_or_none(id=run_id)
    if run is None:
        raise Refused("no_run")
    return run


def view(row: ReportRun) -> RunView:
    """A row without its result."""
    return RunView(
        id=row.id,
        report=row.report,
        slot=row.slot,
        period_start=row.period_start,
        period_end=row.period_end,
        timezone=row.timezone,
        state=row.state,
        progress=row.progress,
        error=row.error,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def deliveries_due(run_id: int, *, titles: Mapping[str, Mapping[str, str]]) -> list[Delivery]:
    """What to send now that the run has ended; nothing before. `titles` are the reports' titles by name and language.

    A chat that is no longer a manager's gets nothing: its delivery is marked as failed.
    """
    run = await _run(run_id)
    if run.state not in ("done", "failed"):
        return []
    due: list[Delivery] = []
    for row in await ReportDelivery.filter(run_id=run_id, state="due").order_by("id"):
        try:
            await check_linked(row.conversation_id)
        except Refused:
            await _end(row.id, "failed")
            continue
        reply = await _reply(run, row, titles.get(run.report, {}))
        due.append(Delivery(row.id, run_id, row.conversation_id, row.locale, reply))
    return due


async def delivered(delivery_id: int) -> None:
    """The message is in the conversation; call in the transaction that puts it there."""
    await _end(delivery_id, "sent")


async def undelivered(run_id: int, conversation_id: int) -> None:
    """The conversation cannot be written to: its delivery has failed."""
    await ReportDelivery.filter(run_id=run_id, conversation_id=conversation_id, state="due").update(state="failed")


async def _end(delivery_id: int, state: str) -> None:
    await ReportDelivery.filter(id=delivery_id, state="due").update(state=state)


async def _reply(run: ReportRun, row: ReportDelivery, titles: Mapping[str, str]) -> Reply:
    reader = language(row.locale)
    if run.state == "failed":
        again = await ReportSubscription.filter(
            report=run.report, conversation_id=row.conversation_id, active=True, next_at__not_isnull=True
        ).order_by("next_at")
        when = again[0].next_at if again else None
        return Reply(text=_apology(titles.get(reader, run.report), run.error, when, run.timezone, reader))
    stored = json.loads(run.result)
    result, ids = localised(stored, reader), files_of(stored, reader)
    files = {file.id: as_core(file) for file in await Attachment.filter(id__in=list(ids.values()))}
    return Reply(
        text="\n".join([f"{result['title']} · {result['period']}", *result["words"]]),
        files=tuple(files[ids[part]] for part in ("picture", "sheet")),
    )


def _apology(title: str, error: str, again: datetime | None, timezone: str, reader: str) -> str:
    """Why there is no report, and when there will be one."""
    when = again.astimezone(zone(timezone)).strftime("%Y-%m-%d %H:%M") if again else ""
    if reader == "zh":
        return f"{title}未能生成：{error}。" + (f"将于 {when} 再次生成。" if when else "可在工作台的“报告”页重新生成。")
    sentence = f"{title}: the report could not be made because {error}."
    return sentence + (f" We try again at {when}." if when else " You can run it again from the desk.")
