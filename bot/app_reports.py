"""Connects the reports to the rest: the effect that makes one, and what the desk asks of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from analytics.deliver import run_report
from analytics.report import all_reports
from analytics.settings import SparkSettings
from bot.core.errors import Refused
from bot.core.events import Event, RunChanged
from bot.core.message import Inbound
from bot.core.period import Period
from bot.core.ports import Accept, Storage
from bot.core.report import REPORTS, ReportInfo
from bot.runtime.attempts import Done
from bot.runtime.writes import NewEffect
from bot.services import report_chat, report_runs, reports
from models import Conversation
from models.database import transaction
from web.ports import ReportFiles

T = TypeVar("T")
#: A report that failed so often is told as failed.
TRIES = 3


def fill_registry() -> None:
    """Tell the services and handlers which reports ship."""
    REPORTS.fill(report.info for report in all_reports().values())


class MakeReport:
    """The executor of "report" effects: makes the report, then hands it to the chats that wait for it."""

    def __init__(
        self,
        *,
        database_url: str,
        lake: Path,
        spark: SparkSettings,
        storage: Storage,
        clock: Callable[[], datetime],
        accept: Accept,
        published: Callable[[Event], None],
    ) -> None:
        self._database_url = database_url
        self._lake = lake
        self._spark = spark
        self._storage = storage
        self._clock = clock
        self._accept = accept
        self._published = published

    async def run(self, effect: NewEffect) -> Done:
        """Make it once; whoever waits gets it as an inbound of their lane."""
        run_id = int(msgspec.json.decode(effect.payload)["run"])
        await run_report(
            run_id,
            database_url=self._database_url,
            lake_dir=self._lake,
            spark=self._spark,
            storage=self._storage,
            clock=self._clock,
            is_last_try=effect.attempts + 1 >= TRIES,
            changed=lambda changed: self._published(RunChanged(changed)),
        )
        await self._deliver(run_id)
        return Done(events=(RunChanged(run_id),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002 - the run's row has it
        """The run's row says why; the chats were told by the last try."""
        run_id = int(msgspec.json.decode(effect.payload)["run"])
        await self._deliver(run_id)
        return Done(events=(RunChanged(run_id),))

    async def _deliver(self, run_id: int) -> None:
        inbounds = []
        urgent = await report_runs.is_asked_for(run_id)
        for conversation_id in await report_chat.waiting_for(run_id):
            row = await Conversation.filter(id=conversation_id).select_related("identity").first()
            if row is not None:
                key = f"report:{run_id}:{conversation_id}"
                inbounds.append(
                    Inbound(row.account, key, row.identity.external_id, "report", data=str(run_id), urgent=urgent)
                )
        await self._accept(inbounds)


class DeskReports:
    """What the desk asks of the reports."""

    def __init__(self, clock: Callable[[], datetime], wake: Callable[[], None]) -> None:
        self._clock = clock
        self._wake = wake

    def all(self) -> Sequence[ReportInfo]:
        """Every report."""
        return list(REPORTS.values())

    async def run(self, name: str, period: Period, staff_id: int) -> int:
        """Start a run; returns its id. Raises `Refused("not_found")`."""
        async with transaction():
            run = await _known(reports.request_run(staff_id, name, period, self._clock(), known=REPORTS.keys()))
        self._wake()
        return run.id

    async def subscribe(
        self, name: str, staff_id: int, conversation_id: int, cron: str, timezone: str, locale: str
    ) -> int:
        """Send it there at these times; returns the subscription's id."""
        async with transaction():
            made = await _known(
                reports.subscribe(
                    staff_id, conversation_id, name, cron, timezone, locale, self._clock(), known=REPORTS.keys()
                )
            )
        return made.id

    def page(self, result: Mapping[str, Any], locale: str) -> Mapping[str, Any]:
        """A run's stored result as the desk draws it, in the reader's language."""
        return report_runs.localised(result, locale)

    async def files(self, run_id: int, locale: str) -> ReportFiles:
        """The attachments of a run's picture and spreadsheet."""
        stored = await report_runs.stored_result(run_id)
        files = report_runs.files_of(stored, locale) if stored else {}
        return ReportFiles(files.get("picture"), files.get("sheet"))


async def _known(work: Awaitable[T]) -> T:
    """The desk answers 404 for a report that does not exist."""
    try:
        return await work
    except Refused as refusal:
        if refusal.code == "no_report":
            raise Refused("not_found") from refusal
        raise
