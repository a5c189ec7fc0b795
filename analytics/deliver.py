"""Makes the report of a run and keeps it: the run's row tells how far it is, and its files are attachments in the end.

The bot process calls this as the effect of kind "report". The message itself is sent by whoever calls, from
`bot.services.reports.deliveries_due`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import struct
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analytics.child import Hear, Job, Made, running_child
from analytics.settings import SparkSettings
from bot.core.errors import ParleyError
from bot.core.period import period_between
from bot.core.ports import Storage, StoredFile
from models import Attachment, ReportRun
from models.database import transaction

logger = logging.getLogger(__name__)

#: Larger than any picture or spreadsheet of ours; a guard, not a limit to reach.
LARGEST_FILE = 100 * 1024 * 1024
CHUNK = 256 * 1024
TYPES = {"picture": "image/png", "sheet": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

Changed = Callable[[int], None]


def _nobody(run_id: int) -> None:
    """No screen shows runs."""


async def run_report(
    run_id: int,
    *,
    database_url: str,
    lake_dir: Path,
    spark: SparkSettings,
    storage: Storage,
    clock: Callable[[], datetime],
    is_last_try: bool = True,
    changed: Changed = _nobody,
) -> None:
    """Make the report of a run, unless that is done; afterwards the run is done or failed. `changed` hears its id.

    Raises the `Retryable` of what went wrong while another try is to come (`is_last_try` false); then the run waits.
    What nobody foresaw is raised always.
    """
    run = await _begin(run_id, clock())
    if run is None:
        return
    changed(run_id)
    try:
        async with _workplace(lake_dir) as output:
            job = _job(run, database_url, lake_dir, output, clock())
            async with running_child(spark, lake_dir / "spark") as child:
                made = await child.make(job, _progress(run_id, changed))
            await _keep(run_id, made, output, storage, clock)
    except ParleyError as error:
        logger.warning(
            "a report failed", extra={"action": "report.failed", "run": run_id, "error": type(error).__name__}
        )
        await _record_failure(run_id, error, clock(), is_last_try)
        if error.retryable and not is_last_try:
            raise
    except Exception:
        if is_last_try:
            await _end(run_id, "something unexpected went wrong, and the log says what", clock())
        raise
    finally:
        changed(run_id)


async def _begin(run_id: int, now: datetime) -> ReportRun | None:
    """The run, marked as running; None when it has ended already. One that a dead process left running is taken on."""
    open_run = ReportRun.filter(id=run_id, state__in=["due", "running"])
    if not await open_run.update(state="running", started_at=now, progress="starting", error=""):
        return None
    return await ReportRun.get(id=run_id)


def _job(run: ReportRun, database_url: str, lake_dir: Path, output: Path, now: datetime) -> Job:
    period = period_between(run.period_start, run.period_end, run.timezone)
    return Job(run.report, period, database_url, lake_dir, output, now)


@asynccontextmanager
async def _workplace(lake_dir: Path) -> AsyncIterator[Path]:
    await asyncio.to_thread(lake_dir.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parley-report-") as folder:
        yield Path(folder)


def _progress(run_id: int, changed: Changed) -> Hear:
    """Writes how far the run is, once for each stage and each tenth: every one is a commit."""
    last = ""

    async def hear(progress: str) -> None:
        nonlocal last
        coarse = f"{progress[:-2]}0%" if progress.endswith("%") and len(progress) > 2 else progress
        if coarse != last:
            last = coarse
            await ReportRun.filter(id=run_id, state="running").update(progress=coarse)
            changed(run_id)

    return hear


async def _record_failure(run_id: int, error: ParleyError, now: datetime, is_last_try: bool) -> None:
    sentence = str(error)[:500] or type(error).__name__
    if error.retryable and not is_last_try:
        await ReportRun.filter(id=run_id).update(state="due", error=sentence, progress="")
    else:
        await _end(run_id, sentence, now)


async def _end(run_id: int, error: str, now: datetime) -> None:
    await ReportRun.filter(id=run_id).update(state="failed", error=error, progress="", finished_at=now)


@dataclass(frozen=True, slots=True)
class _Kept:
    language: str
    part: str  # "picture" | "sheet"
    name: str
    file: StoredFile
    size: tuple[int, int]  # pixels of a picture


async def _keep(run_id: int, made: Made, output: Path, storage: Storage, clock: Callable[[], datetime]) -> None:
    """Put the files into the store; then rows and result appear together, in one commit."""
    kept = [
        await _put(storage, language, part, output / name, clock())
        for language, files in made.files.items()
        for part, name in files.items()
    ]
    async with transaction():
        ids: dict[str, dict[str, int]] = {language: {} for language in made.files}
        for one in kept:
            ids[one.language][one.part] = (await _attach(one, clock())).id
        stored = {"results": made.results, "files": ids, "rows_read": made.rows_read, "seconds": made.seconds}
        await ReportRun.filter(id=run_id).update(
            state="done", result=json.dumps(stored, ensure_ascii=False), progress="", finished_at=clock()
        )


async def _put(storage: Storage, language: str, part: str, path: Path, now: datetime) -> _Kept:
    key = f"report/{now:%Y/%m}/{secrets.token_hex(16)}{path.suffix}"
    stored = await storage.put(key, _chunks(path), media_type=TYPES[part], limit=LARGEST_FILE)
    size = await asyncio.to_thread(_pixels, path) if part == "picture" else (0, 0)
    return _Kept(language, part, path.name, stored, size)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    content = await asyncio.to_thread(path.read_bytes)
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _pixels(path: Path) -> tuple[int, int]:
    """Width and height as a PNG's header says."""
    with path.open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:24])
    return width, height


async def _attach(kept: _Kept, now: datetime) -> Attachment:
    shown = kept.file.key if kept.part == "picture" else ""
    return await Attachment.create(
        kind="image" if kept.part == "picture" else "file",
        name=kept.name,
        media_type=TYPES[kept.part],
        size=kept.file.size,
        sha256=kept.file.sha256,
        state="stored",
        storage_key=kept.file.key,
        display_key=shown,
        thumb_key=shown,
        width=kept.size[0],
        height=kept.size[1],
        created_at=now,
    )
