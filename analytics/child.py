"""Runs the report process from the bot: starts it, hears its progress, ends it, and says in a sentence how it failed.

Nothing here imports Spark, pandas, Arrow or matplotlib; the bot process stays small.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from analytics.settings import SparkSettings
from bot.core.errors import Final, Retryable
from bot.core.period import Period

Pipe = TypeVar("Pipe", asyncio.StreamReader, asyncio.StreamWriter)
logger = logging.getLogger(__name__)

Hear = Callable[[str], Awaitable[None]]
#: A result in one line; the day table of ten years is about one megabyte.
LONGEST_LINE = 64 * 1024 * 1024


class ReportCrashed(Retryable):
    """The report process ended or hung; another try may succeed. The text is for people."""


class ReportFailed(Final):
    """The report cannot be made as asked. The text is for people."""


@dataclass(frozen=True, slots=True)
class Job:
    """One report to make; files of it will lie in `output`."""

    report: str
    period: Period
    database: str
    lake: Path
    output: Path
    now: datetime
    languages: Sequence[str] = ("en", "zh")

    def line(self) -> str:
        period = self.period
        data = {
            "report": self.report,
            "period": {
                "kind": period.kind,
                "first": period.first.isoformat(),
                "end": period.end.isoformat(),
                "timezone": period.timezone,
            },
            "database": self.database,
            "lake": str(self.lake),
            "output": str(self.output),
            "now": self.now.isoformat(),
            "languages": list(self.languages),
        }
        return json.dumps(data)


@dataclass(frozen=True, slots=True)
class Made:
    """A finished report: its result and the names of its files ("picture", "sheet") by language."""

    results: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, Mapping[str, str]]
    rows_read: int
    seconds: Mapping[str, float]


class Child:
    """A running report process; one job at a time."""

    def __init__(self, process: asyncio.subprocess.Process, timeout: float) -> None:
        self._process, self._timeout = process, timeout
        self._last_words: deque[str] = deque(maxlen=30)
        self._listener = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        """The process id, which is the id of its process group, too."""
        return self._process.pid

    async def _listen(self) -> None:
        async for line in _pipe(self._process.stderr):
            self._last_words.append(line.decode(errors="replace").rstrip()[:500])

    async def make(self, job: Job, hear: Hear) -> Made:
        """Make one report; `hear` gets its progress. Raises `ReportCrashed` or `ReportFailed`."""
        try:
            async with asyncio.timeout(self._timeout):
                await self.send(job.line())
                return await self._answer(hear)
        except TimeoutError as error:
            minutes = max(1, round(self._timeout / 60))
            raise ReportCrashed(f"the report took longer than {minutes} min and was stopped") from error

    async def send(self, line: str) -> None:
        """Hand a line to the process."""
        stdin = _pipe(self._process.stdin)
        with suppress(ConnectionError):  # a process that is gone is told by its missing answer
            stdin.write(line.encode() + b"\n")
            await stdin.drain()

    async def _answer(self, hear: Hear) -> Made:
        while line := await _pipe(self._process.stdout).readline():
            answer = json.loads(line)
            if "progress" in answer:
                await hear(answer["progress"])
            elif "done" in answer:
                return Made(**answer["done"])
            else:
                raise (ReportCrashed if answer["retryable"] else ReportFailed)(answer["error"])
        raise ReportCrashed(await self._obituary())

    async def _obituary(self) -> str:
        code = await self._process.wait()
        await self._listener
        said = [line for line in self._last_words if line.strip()]
        logger.error("the report process ended", extra={"action": "report.crash", "code": code, "tail": said})
        if code == -signal.SIGKILL:
            return "the report process was killed, most likely because memory ran out; give it more memory"
        last = said[-1][:200] if said else "it left no message"
        return f"the report process ended unexpectedly (code {code}): {last}"

    async def stop(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        # Java or a reader may hold the pipe for a moment longer than the process lives.
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener


def _pipe(pipe: Pipe | None) -> Pipe:
    if pipe is None:
        raise RuntimeError("the report process was started without pipes")
    return pipe


@asynccontextmanager
async def running_child(settings: SparkSettings, data: Path) -> AsyncIterator[Child]:
    """A report process for as long as the block lasts; gone afterwards, however the block ends."""
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "analytics.runner",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE, start_new_session=True, env=_environment(data),
    )  # fmt: skip
    child = Child(process, settings.timeout)
    try:
        await child.send(json.dumps({"settings": _plain(settings), "data": str(data)}))
        yield child
    finally:
        await asyncio.shield(child.stop())


def _environment(data: Path) -> dict[str, str]:
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    # Else matplotlib looks for all fonts of the machine at every report, in a home folder that may not be there.
    return {**os.environ, "PYTHONPATH": path, "MPLCONFIGDIR": str(data / "matplotlib")}


def _plain(settings: SparkSettings) -> dict[str, Any]:
    return {**asdict(settings), "options": dict(settings.options)}
