"""Accounts whose platform is asked for what is new, instead of telling us: exactly one node asks.

A platform may take as long as it likes to let us in, or to let us go: nobody who renews a lease waits for it.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from bot.core.deadline import elapsed
from bot.core.errors import ConfigError
from bot.core.ports import Accept, Channel
from bot.runtime import roll
from bot.runtime.lease import Lease

log = logging.getLogger(__name__)

#: Seconds until an account that its platform refused is tried again.
AGAIN = 20.0
#: Seconds that a node waits for its accounts to end before it goes on with something else.
PATIENCE = 2.0


def pulls(channel: Channel) -> bool:
    """Whether the channel asks its platform, so that two of it would take each other's answers."""
    return bool(getattr(channel, "pulls", False))


class Duties:
    """Starts a channel where this node has its duty, and stops it where it has not any more."""

    def __init__(self, channels: Mapping[str, Channel], lease: Lease, accept: Accept) -> None:
        self._channels = {account: channel for account, channel in channels.items() if pulls(channel)}
        self._lease = lease
        self._accept = accept
        self._asking: set[str] = set()
        self._refused: dict[str, float] = {}  # by our clock
        self._tasks: dict[str, asyncio.Task[Exception | None]] = {}  # the last start or stop of each
        self._is_closed = False

    async def begin(self) -> None:
        """Take what nobody does, and wait until it is done. Raises `ConfigError` for a token that is refused."""
        await self.look()
        if starts := [*self._tasks.values()]:
            await asyncio.wait(starts)
        for start in starts:
            if not start.cancelled() and isinstance(error := start.result(), ConfigError):
                raise error

    async def look(self) -> None:
        """Take what nobody does. What a platform refuses is logged, and tried again later."""
        for account in self._channels:
            node = self._lease.node
            if self._is_idle(account) and await roll.take_duty(f"pull:{account}", node):
                # Meanwhile the lease may have ended, and another node may be asking.
                is_ours = node == self._lease.node and self._lease.lasts()
                if self._is_closed or not is_ours or not self._is_idle(account):
                    continue
                self._asking.add(account)
                log.info("this node asks the platform", extra={"action": "duty.taken", "account": account})
                self._tasks[account] = _apart(self._start(account))

    async def rest(self) -> None:
        """Another node may be asking by now. What does not end at once goes on ending in the background."""
        self._cancel()
        for account in self._asking:
            self._tasks[account] = _apart(self._stop(account, self._tasks.get(account)))
        self._asking.clear()
        self._refused.clear()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=PATIENCE)

    def close(self) -> None:
        """Nothing is started from here on; what was started is stopped by whoever ends the process."""
        self._is_closed = True
        self._cancel()

    def _is_idle(self, account: str) -> bool:
        task = self._tasks.get(account)
        is_due = elapsed() >= self._refused.get(account, 0.0)
        return is_due and account not in self._asking and (task is None or task.done())

    def _cancel(self) -> None:
        for account in self._asking:
            self._tasks[account].cancel()

    async def _start(self, account: str) -> Exception | None:
        try:
            await self._channels[account].start(self._accept)
        except Exception as error:
            facts = {"action": "duty.refused", "account": account, "error": type(error).__name__}
            log.warning("this node cannot ask the platform, and tries again: %s", error, extra=facts)
            await self._stop(account)
            self._refused[account] = elapsed() + AGAIN
            self._asking.discard(account)
            return error
        return None

    async def _stop(self, account: str, start: asyncio.Task[Any] | None = None) -> None:
        if start is not None:
            await asyncio.wait([start])
        with suppress(Exception):
            await self._channels[account].stop()


def _apart(work: Coroutine[Any, Any, Exception | None]) -> asyncio.Task[Exception | None]:
    """In the context of nobody: not in that of a request or of a transaction."""
    return asyncio.create_task(work, context=contextvars.Context(), name="duty")
