"""Tells endpoints what happened: at least once, each under the same webhook-id, and one that hangs holds up no other.

An endpoint has a task of its own while something is due for it, and a handful of calls under way: memory does not grow
with what waits. Nothing is promised of the order: one event that an endpoint chokes on would hold up all later ones for
a day, and events that were told again overtake each other in any case.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from bot.core.errors import DatabaseBusy
from bot.core.faults import fault
from bot.core.webhooks import Post, Posted, sign
from bot.runtime.retry import webhook_delay
from bot.services import webhook_outbox as outbox
from bot.services.webhook_outbox import Delivery

log = logging.getLogger(__name__)

#: How often the outbox is looked at, seconds.
POLL_SECONDS = 1.0
#: Calls to one endpoint under way at once.
AT_ONCE = 8
GRACE = 5.0
#: How long a record waits while the database is busy, and for how long it is tried: its claim lasts longer.
BUSY_REST, RECORD_SECONDS = 0.2, 30.0
AGENT = "Parley-Webhooks/1"


class Webhooks:
    """`stopped` is called when an endpoint was given up, which staff must hear of."""

    def __init__(
        self,
        post: Post,
        stopped: Callable[[], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._post = post
        self._stopped = stopped
        self._clock = clock
        self._chance = chance
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by endpoint
        self._wake = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Begin; what other processes left is found by the first look."""
        self._poller = asyncio.create_task(self._poll(), context=contextvars.Context(), name="webhooks")

    async def stop(self) -> None:
        """Let calls end for a few seconds; what is cut off is told again, by whoever looks after its claim is over."""
        self._stopping = True
        if self._poller:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks.values(), timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._post.close()

    def wake(self) -> None:
        """There may be something to tell: look at once."""
        self._wake.set()

    async def _poll(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:
                # The database may be away for a moment; the next look finds what waits.
                log.error("webhooks could not be read", extra={"action": "webhooks.poll"} | fault(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            self._wake.clear()

    async def _look(self) -> None:
        while await outbox.spread(self._clock()):
            pass
        for endpoint in await outbox.busy(self._clock()):
            if endpoint not in self._tasks:
                task = asyncio.create_task(self._drain(endpoint), context=contextvars.Context())
                self._tasks[endpoint] = task
                task.add_done_callback(partial(self._ended, endpoint))

    def _ended(self, endpoint: int, _: asyncio.Task[None]) -> None:
        del self._tasks[endpoint]

    async def _drain(self, endpoint: int) -> None:
        """Until nothing is due, or nothing goes well."""
        while not self._stopping:
            try:
                batch = await outbox.claim(endpoint, AT_ONCE, self._clock())
            except Exception as error:
                # Whatever was claimed by that becomes due again.
                facts = {"action": "webhooks.claim", "endpoint": endpoint}
                log.error("webhooks could not be claimed", extra=facts | fault(error))
                return
            if not any(await asyncio.gather(*(self._tell(one) for one in batch))):
                return

    async def _tell(self, one: Delivery) -> bool:
        """Whether it went well; never raises."""
        began = time.monotonic()
        posted = await self._posted(one)
        took_ms = round((time.monotonic() - began) * 1000)
        try:
            async with asyncio.timeout(RECORD_SECONDS):
                await self._record(one, posted, took_ms)
        except Exception as error:
            # Nobody knows how it went: it becomes due again, under the same webhook-id.
            facts = {"action": "webhooks.record", "delivery": one.id}
            log.error("a webhook was not recorded", extra=facts | fault(error))
            return False
        return posted.went_well

    async def _posted(self, one: Delivery) -> Posted:
        at = int(self._clock().timestamp())
        try:
            headers = {
                "Content-Type": "application/json",
                "User-Agent": AGENT,
                "webhook-id": one.key,
                "webhook-timestamp": str(at),
                "webhook-signature": sign(one.secrets, one.key, at, one.body),
            }
            return await self._post.post(one.url, one.body, headers)
        except Exception as error:
            # Whatever one endpoint brings about ends no task that tells the others.
            facts = {"action": "webhooks.post", "delivery": one.id}
            log.error("a webhook could not be made", extra=facts | fault(error))
            return Posted(None, "unreachable")

    async def _record(self, one: Delivery, posted: Posted, took_ms: int) -> None:
        wait = None if posted.went_well else webhook_delay(one.attempts + 1, posted.after, self._chance())
        while True:
            try:
                why = await outbox.record(one, posted, wait, took_ms, self._clock())
                break
            except DatabaseBusy:
                await asyncio.sleep(BUSY_REST)
        if posted.went_well:
            return
        facts = {"action": "webhook.failed", "delivery": one.id, "endpoint": one.endpoint_id, "retry_in": wait}
        log.info("a webhook failed", extra=facts | {"status": posted.status, "error": posted.error})
        if why:
            log.warning("an endpoint was stopped", extra=facts | {"action": "webhook.stopped", "why": why})
            self._stopped()
