"""One attempt at an effect: its executor does it, and what came of it is recorded before this returns.

Done, to be tried again after a while, or parked where staff see it. A crash between the two repeats the effect under
the same key, which is the provider's idempotency key where there is one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from bot.core.errors import AccountWaits, DatabaseBusy, LeaseLost
from bot.core.events import Event
from bot.core.faults import fault
from bot.runtime.ledger import Ledger
from bot.runtime.retry import account_delay, effect_delay
from bot.runtime.writes import NewEffect
from models.database import Statement

log = logging.getLogger(__name__)

# Its key stays, so that it is not asked for twice; whom it was about and what it said is over.
DONE = (
    "UPDATE effect SET state = 'done', attempts = ?, done_at = ?, error = '', lane = '', payload = '', "
    "conversation_id = NULL WHERE key = ?"
)
RETRY = "UPDATE effect SET attempts = ?, due_at = ?, error = ? WHERE key = ?"
HELD = "UPDATE effect SET state = 'held' WHERE key = ?"
PARKED = "UPDATE effect SET state = 'parked', attempts = ?, error = ?, done_at = ? WHERE key = ?"


class Done(msgspec.Struct, frozen=True):
    """What an executor leaves behind: rows to write with the effect's own, and what live screens should hear."""

    statements: tuple[Statement, ...] = ()
    events: tuple[Event, ...] = ()
    held: bool = False  # nothing was done: it waits until somebody releases it


class Later(msgspec.Struct, frozen=True):
    """The effect is not over: it may be tried again after `seconds`, and has failed `attempts` times by now."""

    seconds: float
    attempts: int


class Executor(Protocol):
    """Does one kind of effect."""

    async def run(self, effect: NewEffect) -> Done:
        """Do it, with `effect.key` as the idempotency key. Raises; `Final` errors are not tried again."""

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        """It cannot be done: tell whoever waits for it."""


class Attempts:
    """Makes them. `published` hears of events, `parked` of each effect that staff must look at."""

    def __init__(
        self,
        executors: Mapping[str, Executor],
        ledger: Ledger,
        *,
        published: Callable[[Event], None],
        parked: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._executors = dict(executors)
        self._ledger = ledger
        self._published = published
        self._parked = parked
        self._clock = clock

    def add(self, kind: str, executor: Executor) -> None:
        """Another kind of effect, before any of them is tried."""
        self._executors[kind] = executor

    async def make(self, effect: NewEffect) -> Later | None:
        """None when the effect is over: done, or parked. Raises what kept its record from being written.

        `LeaseLost`: another node works on this, and nothing was recorded here.
        """
        attempts = effect.attempts + 1
        try:
            done = await self._executor(effect).run(effect)
        except LeaseLost:
            raise  # nothing was done, and whatever comes of it is another node's
        except AccountWaits as wait:
            return await self._held_back(effect, wait)
        except Exception as error:  # becomes a row: a retry, or parked for staff
            return await self._failed(effect, attempts, error)
        over: Statement = (DONE, [(attempts, self._clock(), effect.key)])
        await self._record(done, (HELD, [(effect.key,)]) if done.held else over)
        return None

    def _executor(self, effect: NewEffect) -> Executor:
        executor = self._executors.get(effect.kind)
        if executor is None:
            raise LookupError(f"no executor for effects of kind {effect.kind!r}")
        return executor

    async def _held_back(self, effect: NewEffect, wait: AccountWaits) -> Later:
        """Its account rests: that is no failure of this effect, however often it happens."""
        later = Later(account_delay(wait), effect.attempts)
        if wait.told:  # the next process keeps it, too; what was not even tried would only be asked to wait again
            await self._postpone(effect, later, str(wait))
        return later

    async def _failed(self, effect: NewEffect, attempts: int, error: Exception) -> Later | None:
        reason = f"{type(error).__name__}: {error}"[:500]
        delay = effect_delay(error, attempts)
        facts = {"action": "effect.failed", "effect": effect.key, "attempts": attempts, "retry_in": delay}
        log.warning("an effect failed", extra=facts | fault(error))
        if delay is not None:
            later = Later(delay, attempts)
            await self._postpone(effect, later, reason)
            return later
        done = await self._executor(effect).give_up(effect, error)
        await self._record(done, (PARKED, [(attempts, reason, self._clock(), effect.key)]))
        self._parked()
        return None

    async def _postpone(self, effect: NewEffect, later: Later, reason: str) -> None:
        due = self._clock() + timedelta(seconds=later.seconds)
        await self._record(Done(), (RETRY, [(later.attempts, due, reason, effect.key)]))

    async def _record(self, done: Done, own: Statement) -> None:
        """Write the outcome. While the database is busy the record waits: the effect must not be done twice."""
        while True:
            try:
                await self._ledger.record([own, *done.statements])
                break
            except DatabaseBusy:
                await asyncio.sleep(0.2)
        for event in done.events:
            self._published(event)
