"""The child process that holds Spark: jobs come in as lines of JSON, progress and results go out as lines of JSON.

`python -m analytics.runner` reads from its standard input

    {"settings": {"master": …, "memory": …, "java_home": …, "options": {…}}, "data": "folder"}

once, then any number of

    {"report": …, "period": {…}, "database": "url", "lake": "folder", "output": "folder", "now": …, "languages": ["en"]}

and answers each job with lines `{"progress": "reading 40%"}` and one `{"done": {…}}` or
`{"error": "…", "retryable": …}`. Files of a finished job lie in `output`. The process ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from analytics import lake
from analytics.manifest import Manifest
from analytics.report import Cell, Report, Result, Row, find_report
from analytics.settings import SparkSettings
from analytics.tables import TABLES
from bot.core.errors import ParleyError
from bot.core.period import Period

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Say = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One report to make."""

    report: Report
    period: Period
    database: str
    lake: Path
    output: Path
    now: datetime
    languages: Sequence[str]

    @classmethod
    def of(cls, line: str) -> Job:
        data = json.loads(line)
        period = data["period"]
        first, end = date.fromisoformat(period["first"]), date.fromisoformat(period["end"])
        return cls(
            report=find_report(data["report"]),
            period=Period(period["kind"], first, end, period["timezone"]),
            database=data["database"],
            lake=Path(data["lake"]),
            output=Path(data["output"]),
            now=datetime.fromisoformat(data["now"]),
            languages=data["languages"],
        )


def main() -> None:
    """Serve jobs until the input ends."""
    say = _speaker()
    hello = json.loads(sys.stdin.readline())
    # Java starts while the lake is read: it is the longer part of a small report.
    session = _start_spark(SparkSettings(**hello["settings"]), Path(hello["data"]))
    for line in sys.stdin:
        try:
            say({"done": _run(Job.of(line), session, say)})
        except Exception as error:  # a job that fails is an answer, and the next job is served
            traceback.print_exc()
            say({"error": _sentence(error), "retryable": not isinstance(error, ParleyError) or error.retryable})
    if session.done() and not session.exception():
        session.result().stop()


def _speaker() -> Say:
    """Keeps the real output for answers; whatever else prints (Java, libraries) goes to the error output."""
    out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(answer: Mapping[str, object]) -> None:
        with lock:
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
            out.flush()

    return say


def _start_spark(settings: SparkSettings, data: Path) -> Future[SparkSession]:
    future: Future[SparkSession] = Future()

    def start() -> None:
        from analytics import spark

        try:
            future.set_result(spark.start(settings, data))
        except BaseException as error:  # told by whoever waits for the session
            future.set_exception(error)

    threading.Thread(target=start, name="spark", daemon=True).start()
    return future


def _run(job: Job, session: Future[SparkSession], say: Say) -> dict[str, object]:
    clock = _Clock()
    say({"progress": "reading"})
    is_read = threading.Event()
    threading.Thread(target=_warm_up, args=(job, session, is_read), name="warm", daemon=True).start()
    updated = lake.update(
        job.database,
        job.lake,
        now=job.now,
        only=[table.name for table in TABLES if {table.name, table.child and table.child.name} & {*job.report.reads}],
        tell=lambda share: say({"progress": f"reading {share:.0%}"}),
    )
    is_read.set()
    clock.lap("reading")
    say({"progress": "counting"})
    spark = session.result()
    clock.lap("starting")
    rows = _collect(job, spark, updated.manifest)
    clock.lap("counting")
    say({"progress": "drawing"})
    results = {language: job.report.tell(rows, job.period, language) for language in job.languages}
    files = {language: _files(job, language, result) for language, result in results.items()}
    clock.lap("drawing")
    return {
        "results": {language: asdict(result) for language, result in results.items()},
        "files": files,
        "rows_read": updated.rows_read,
        "seconds": clock.laps,
    }


def _collect(job: Job, session: SparkSession, contents: Manifest) -> dict[str, list[Row]]:
    from analytics.spark import LakeTables

    tables = LakeTables(session, job.lake, contents, job.period)
    frames = job.report.build(tables, job.period)
    # At once: while one is planned, on one core, another is counted.
    with ThreadPoolExecutor(max(len(frames), 1), "count") as pool:
        return dict(zip(frames, pool.map(rows_of, frames.values()), strict=True))


def rows_of(frame: DataFrame) -> list[Row]:
    """A small frame's rows as plain values."""
    return [{name: _plain(value) for name, value in row.asDict().items()} for row in frame.collect()]


def _plain(value: Any) -> Cell:
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


def _warm_up(job: Job, session: Future[SparkSession], is_read: threading.Event) -> None:
    """Load what counting and drawing need while the lake is read; whatever is wrong is told by these themselves.

    Spark plans the report and compiles its queries once on empty tables, which is half of the work of counting them.
    """
    with suppress(Exception):
        from analytics import draw, sheet

        draw.text_width("¥ 茶", 10)
        del sheet
    with suppress(Exception):
        spark = session.result()
        if not is_read.is_set():
            lake.make_empty_files(job.lake)
            _collect(job, spark, Manifest())


def _files(job: Job, language: str, result: Result) -> dict[str, str]:
    from analytics.draw import draw
    from analytics.sheet import write_sheet

    name = f"{job.report.info.name}-{job.period.first.isoformat()}-{language}"
    picture, sheet = job.output / f"{name}.png", job.output / f"{name}.xlsx"
    draw(result, language, picture)
    write_sheet(result, sheet)
    return {"picture": picture.name, "sheet": sheet.name}


def _sentence(error: Exception) -> str:
    """What our own errors say, else the first line: what follows in Spark's is the whole Java stack."""
    first = next(iter(str(error).strip().splitlines()), "")
    if isinstance(error, ParleyError):
        return first[:400]
    return f"{type(error).__name__}: {first}"[:400] if first else type(error).__name__


class _Clock:
    """Seconds by stage, for the logs and the benchmark."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._from = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name], self._from = round(now - self._from, 3), now


if __name__ == "__main__":
    main()
