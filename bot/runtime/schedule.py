"""The clock of a node: looks for subscriptions that are due, and runs the other regular jobs of the runtime.

It only ticks. What is due is in the database, and a unique row decides which node makes a report, so any number of
nodes may tick, late, twice or after a crash.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED  # type: ignore[import-untyped]
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]

from bot.services import reports
from models.database import transaction

logger = logging.getLogger(__name__)

TICK_SECONDS = 10.0
#: A tick that comes later than this is dropped: the next one does its work.
GRACE_SECONDS = 30

Clock = Callable[[], datetime]
Work = Callable[[], Awaitable[object]]
Wake = Callable[[], None]


class Schedule:
    """Ticks from `start` to `stop`. `wake` is called when a tick has made effects, so that nobody waits for a poll.

    `missed` counts, by the job's name, the ticks that came too late or while the last one still ran; `failed` those
    that raised.
    """

    def __init__(self, clock: Clock, wake: Wake) -> None:
        self._clock, self._wake = clock, wake
        self.missed: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        # Jobs start in the context of the start-up: a task that is made inside a transaction would inherit it.
        self._context = contextvars.copy_context()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "misfire_grace_time": GRACE_SECONDS, "max_instances": 1},
        )
        self._scheduler.add_listener(self._note_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def every(self, seconds: float, name: str, job: Work) -> None:
        """Run `job` every so many seconds, first after that time; never twice at once. Errors are counted, logged."""
        self._scheduler.add_job(
            self._run, "interval", seconds=seconds, args=[name, job], id=name, replace_existing=True
        )

    def start(self) -> None:
        """Begin to tick, in the running loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """Stop ticking; a job that runs is cancelled."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # the scheduler stops in the loop's next turn

    async def tick(self) -> list[int]:
        """Give every due subscription its report; returns the ids of the runs."""
        now = self._clock()
        fired: list[int] = []
        for subscription_id in await reports.due_subscriptions(now):
            async with transaction():
                run_id = await reports.fire(subscription_id, now)
            if run_id is not None:
                fired.append(run_id)
        if fired:
            self._wake()
        return fired

    async def _run(self, name: str, job: Work) -> None:
        try:
            await asyncio.get_running_loop().create_task(
                _finished(job), name=f"schedule:{name}", context=self._context.copy()
            )
        except Exception:
            # The clock must go on; whoever watches sees the count.
            self.failed[name] += 1
            logger.exception("a regular job failed", extra={"action": "schedule.failed", "job": name})

    def _note_missed(self, event: Any) -> None:
        self.missed[event.job_id] += 1
        logger.warning("a tick was missed", extra={"action": "schedule.missed", "job": event.job_id})


async def _finished(job: Work) -> None:
    await job()
