"""Live events: publishing never waits, and a slow subscriber loses events but knows it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from bot.core.events import Event, MessageSaid, Missed
from bot.core.faults import fault

log = logging.getLogger(__name__)

Callback = Callable[[Sequence[Event]], Awaitable[None]]
"""Gets everything that has gathered since its last call, in order, at least one event."""

CAPACITY = 10_000


class Subscription:
    """One subscriber: a bounded queue and the task that empties it."""

    def __init__(self, prefix: str, callback: Callback, capacity: int) -> None:
        self._prefix = prefix
        self._callback = callback
        self._capacity = capacity
        self._queue: deque[Event] = deque()
        self._missed = 0
        self._wake = asyncio.Event()
        # A clean context: a task that starts inside a transaction would inherit its connection.
        self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    def offer(self, event: Event) -> None:
        """Queue `event` if it is wanted; when the queue is full, the oldest makes room."""
        if not event.topic.startswith(self._prefix):
            return
        if len(self._queue) >= self._capacity:
            self._queue.popleft()
            self._missed += 1
        self._queue.append(event)
        self._wake.set()

    async def close(self) -> None:
        """Stop; what is still queued is dropped."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._callback(self._take())
            except Exception as error:
                # One bad event must not silence a screen for ever; the next re-read mends what it missed.
                facts = {"action": "bus.callback", "prefix": self._prefix}
                log.error("live events were dropped", extra=facts | fault(error))

    def _take(self) -> list[Event]:
        missed, self._missed = self._missed, 0
        events: list[Event] = [Missed(missed)] if missed else []
        events.extend(self._queue)
        self._queue.clear()
        return events


class Bus:
    """Publish after the commit, never before: a subscriber reads the database at once."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._forward: Callable[[Event], None] | None = None

    def subscribe(self, prefix: str, callback: Callback, *, capacity: int = CAPACITY) -> Subscription:
        """Call `callback` with events whose topic starts with `prefix` ("" is all). Needs a running loop."""
        subscription = Subscription(prefix, callback, capacity)
        self._subscriptions.append(subscription)
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End one subscription."""
        self._subscriptions.remove(subscription)
        await subscription.close()

    def publish(self, event: Event) -> None:
        """Tell every subscriber of this process, and the other nodes; returns at once."""
        self.deliver(event)
        if self._forward is not None:
            self._forward(event.bare() if isinstance(event, MessageSaid) else event)

    def deliver(self, event: Event) -> None:
        """Tell every subscriber of this process only: what another node has told, or what concerns nobody else."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def forward(self, callback: Callable[[Event], None] | None) -> None:
        """From now on hand every published event to `callback` too, which must not wait; None: to nobody."""
        self._forward = callback

    async def close(self) -> None:
        """End every subscription."""
        for subscription in self._subscriptions:
            await subscription.close()
        self._subscriptions.clear()
