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
from bot.runtime.holding import hold
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.ledger import Ledger
from bot.runtime.retry import account_delay, effect_delay
from bot.runtime.room import account_of
from bot.runtime.writes import NewEffect
from models.database import Statement

log = logging.getLogger(__name__)

#: Effects of this kind are on the lane of their account, which may be asked to wait.
SEND = "send"

# Its key stays, so that it is not asked for twice; whom it was about and what it said is over.
DONE = (
    "UPDATE effect SET state = 'done', attempts = ?, done_at = ?, error = '', lane = '', payload = '', "
    "conversation_id = NULL WHERE key = ?"
)
RETRY = "UPDATE effect SET attempts = ?, due_at = ?, error = ? WHERE key = ?"
QUIET = "UPDATE effect SET state = 'quiet', due_at = ? WHERE key = ? AND state = 'pending'"
DROPPED = (
    "UPDATE effect SET state = 'cancelled', done_at = ?, lane = '', payload = '' WHERE key = ? AND state = 'pending'"
)
# Cancelled meanwhile, it stays cancelled: staff should not be asked to send it after all.
PARKED = (
    "UPDATE effect SET state = 'parked', attempts = ?, error = ?, done_at = ? WHERE key = ? AND state <> 'cancelled'"
)

#: How long a record waits while the database is busy, seconds.
BUSY_REST = 0.2


class Done(msgspec.Struct, frozen=True):
    """What an executor leaves behind: rows to write with the effect's own, and what live screens should hear."""

    statements: tuple[Statement, ...] = ()
    events: tuple[Event, ...] = ()
    waits_after: int | None = None  # nothing was done: it waits for an act of the customer newer than this one
    until: datetime | None = None  # nothing was done: it waits for this moment, and keeps nobody else waiting
    dropped: bool = False  # nothing was done, and nothing will be


class Later(msgspec.Struct, frozen=True):
    """The effect is not over: it may be tried again after `seconds`, and has failed `attempts` times by now."""

    seconds: float
    attempts: int


class OutOfOrder(Exception):
    """Nothing was done: the table has effects that must leave first, and are not in memory."""


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
        lease: Lease | None = None,
    ) -> None:
        self._executors = dict(executors)
        self._ledger = ledger
        self._lease = lease or WholeDatabase()
        self._published = published
        self._parked = parked
        self._clock = clock
        self._rests: dict[str, datetime] = {}  # accounts that were asked to wait, and until when

    def add(self, kind: str, executor: Executor) -> None:
        """Another kind of effect, before any of them is tried."""
        self._executors[kind] = executor

    async def make(self, effect: NewEffect) -> Later | None:
        """None when the effect is over: done, or parked. Raises what kept its record from being written.

        `LeaseLost`: another node works on this, and nothing was recorded. `OutOfOrder`: its lane must be read anew.
        """
        attempts = effect.attempts + 1
        if self._rests and (rest := self._rest(effect)):
            return Later(rest, effect.attempts)
        try:
            done = await self._executor(effect).run(effect)
        except (LeaseLost, OutOfOrder):
            raise  # nothing was done, and of the one whatever comes of it is another node's
        except AccountWaits as wait:
            return await self._held_back(effect, wait)
        except Exception as error:  # becomes a row: a retry, or parked for staff
            return await self._failed(effect, attempts, error)
        if done.waits_after is not None:
            await self._hold(effect, done, done.waits_after)
        else:
            await self._record(done, self._outcome(effect.key, attempts, done))
        return None

    def _outcome(self, key: str, attempts: int, done: Done) -> Statement:
        if done.until is not None:
            return QUIET, [(done.until, key)]
        if done.dropped:
            return DROPPED, [(self._clock(), key)]
        return DONE, [(attempts, self._clock(), key)]

    def _executor(self, effect: NewEffect) -> Executor:
        executor = self._executors.get(effect.kind)
        if executor is None:
            raise LookupError(f"no executor for effects of kind {effect.kind!r}")
        return executor

    async def _hold(self, effect: NewEffect, done: Done, seen: int) -> None:
        """Raises `OutOfOrder` when the customer wrote after the executor had looked: what waited before is released."""
        node = self._lease.node
        while True:
            try:
                is_held = await hold(effect, seen, done.statements, self._clock(), node)
                break
            except DatabaseBusy:
                await asyncio.sleep(BUSY_REST)
        if not is_held:
            raise OutOfOrder
        self._tell(done)

    async def _held_back(self, effect: NewEffect, wait: AccountWaits) -> Later:
        """Its account rests: that is no failure of this effect, however often it happens."""
        later = Later(account_delay(wait), effect.attempts)
        if wait.told:  # the next process keeps it, too; what was not even tried would only be asked to wait again
            if effect.kind == SEND:
                self._rests[account_of(effect.lane)] = self._clock() + timedelta(seconds=later.seconds)
            await self._postpone(effect, later, str(wait))
        return later

    def _rest(self, effect: NewEffect) -> float:
        """Seconds for which the account of a message still rests, whoever was told so."""
        account = account_of(effect.lane)
        until = self._rests.get(account) if effect.kind == SEND else None
        if until is None:
            return 0.0
        left = (until - self._clock()).total_seconds()
        if left <= 0:
            del self._rests[account]
        return max(left, 0.0)

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
                await asyncio.sleep(BUSY_REST)
        self._tell(done)

    def _tell(self, done: Done) -> None:
        for event in done.events:
            self._published(event)
