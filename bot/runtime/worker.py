"""Takes lanes that are ready, runs their turns in one transaction, and hands on what follows from them."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import DatabaseBusy
from bot.core.message import FROM_CUSTOMER, Inbound, Reply
from bot.core.text import _
from bot.runtime.lanes import Head, Lanes
from bot.runtime.retry import turn_attempts, turn_delay, was_parked
from bot.runtime.speech import Speech
from bot.runtime.state import ConversationState, load_states
from bot.runtime.turn import Shop, Turn
from bot.runtime.writes import Writes
from models.database import execute, finish, transaction

log = logging.getLogger(__name__)

APOLOGY = _("Sorry, something went wrong on our side. A colleague will look at it.")
#: A turn that takes longer has a handler that hangs, seconds.
TURN_TIMEOUT = 10.0
BATCH = 48
Committed = Callable[[Writes], None]
Clock = Callable[[], datetime]


class Worker:
    """`committed` is called after each commit with what was written. One worker on SQLite, several on PostgreSQL."""

    def __init__(
        self,
        lanes: Lanes,
        shop: Shop,
        committed: Committed,
        *,
        clock: Clock = lambda: datetime.now(UTC),
        turn_timeout: float = TURN_TIMEOUT,
    ) -> None:
        self._lanes = lanes
        self._shop = shop
        self._committed = committed
        self._clock = clock
        self._turn_timeout = turn_timeout
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()

    def start(self) -> None:
        """Begin to work."""
        # A clean context: started inside a transaction, the task would inherit its connection.
        self._task = asyncio.create_task(self._run(), context=contextvars.Context(), name="worker")

    async def stop(self) -> None:
        """Finish the batch under way, then stop."""
        self._stopping = True
        if self._task is None:
            return
        if self._idle.is_set():
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            self._idle.set()
            heads = await self._lanes.take(BATCH)
            self._idle.clear()
            await self._work(heads)

    async def _work(self, heads: Sequence[Head]) -> None:
        """One batch. When it fails as a whole, each head is tried alone, so that one cannot spoil the others."""
        try:
            await self._batch(heads)
        except DatabaseBusy:
            log.warning("the database is busy", extra={"action": "worker.busy"})
            for head in heads:
                self._lanes.postpone(head, 0.5)
        except Exception as error:
            if len(heads) == 1:
                await self._failed(heads[0], error)
                return
            for head in heads:
                await self._work([head])

    async def _batch(self, heads: Sequence[Head]) -> None:
        now = self._clock()
        writes, failures = Writes(), list[tuple[Head, BaseException]]()
        async with transaction() as connection:
            states = await load_states(connection, [head.waiting[0].inbound for head in heads], now)
            for head in heads:
                error = await self._turn(connection, states[head.lane], head, now, writes)
                if error is not None:
                    failures.append((head, error))
            await finish(connection, writes.statements(now))
        failed = {head.lane for head, _ in failures}
        for head in heads:
            if head.lane not in failed:
                self._lanes.done(head)
        self._committed(writes)
        for head, error in failures:
            await self._failed(head, error)

    async def _turn(
        self, connection: BaseDBAsyncClient, state: ConversationState, head: Head, now: datetime, writes: Writes
    ) -> BaseException | None:
        """Run one turn into `writes`; returns what a handler raised, with everything of the turn undone."""
        inbounds = [waiting.inbound for waiting in head.waiting]
        turn = Turn(self._shop, state, inbounds, connection, now, in_thread=was_parked(head.waiting[0].attempts))
        try:
            async with asyncio.timeout(self._turn_timeout):
                made = await turn.run()
            await turn.host.keep()
        except DatabaseBusy:
            raise
        except Exception as error:  # the turn's own fault; it becomes a row in _failed
            await turn.host.undo()
            return error
        made.done += [(waiting.id,) for waiting in head.waiting]
        writes.add(made)
        return None

    # failures

    async def _failed(self, head: Head, error: BaseException) -> None:
        attempts = turn_attempts(error, max(waiting.attempts for waiting in head.waiting) + 1)
        delay = turn_delay(attempts)
        lane = head.waiting[0].id
        # Without the error's own words, which may quote the customer: those are in the row, for staff.
        where = "".join(traceback.format_tb(error.__traceback__))
        facts = {"action": "turn.failed", "inbound": lane, "attempts": attempts, "error": type(error).__name__}
        log.error("a turn failed", extra=facts | {"where": where})
        try:
            await self._record(head, attempts, error, park=delay is None)
        except Exception:
            # Raised further, it would end the worker, or run the batch's good turns a second time.
            log.exception("a failed turn could not be recorded", extra={"action": "turn.unrecorded", "inbound": lane})
            self._lanes.postpone(head, 0.5)
            return
        if delay is None:
            self._lanes.done(head)
        else:
            self._lanes.retry(head, delay)

    async def _record(self, head: Head, attempts: int, error: BaseException, *, park: bool) -> None:
        """Keep what went wrong. Parking tells the customer, marks the conversation, and shows the inbound to staff."""
        now = self._clock()
        writes = Writes()
        reason = f"{type(error).__name__}: {error}"[:500]
        async with transaction() as connection:
            if park and not was_parked(attempts - 1):
                inbound = head.waiting[0].inbound
                states = await load_states(connection, [inbound], now)
                self._apologise(states[head.lane], [one.inbound for one in head.waiting], writes, now)
            state = "parked" if park else "pending"
            writes.failed += [(attempts, reason, state, waiting.id) for waiting in head.waiting]
            await execute(connection, writes.statements(now))
        self._committed(writes)

    def _apologise(self, state: ConversationState, inbounds: Sequence[Inbound], writes: Writes, now: datetime) -> None:
        """What the customer sent still shows in the thread, with an apology; the dialog that failed is ended."""
        for inbound in inbounds:
            if inbound.kind in FROM_CUSTOMER:
                state.last_seq += 1
                state.last_text, state.last_author, state.last_at = inbound.text[:300], "customer", now
                client_id = inbound.client_id or None
                row = (state.id, state.last_seq, "customer", None, inbound.text, "", client_id, "", now)
                writes.messages.append(row)
        state.attention = "A message could not be handled; see Failures."
        state.waiting_since = state.waiting_since or (now if state.owner_id is None else None)
        if state.foreground:
            writes.ended.append((state.foreground.token,))
        voice = self._shop.languages.voice(state.locale)
        if any(inbound.kind in FROM_CUSTOMER for inbound in inbounds):
            speech = Speech(state, writes, self._shop.on(state.account), now)
            speech.say(Reply(voice(APOLOGY)))
            speech.finish()
        writes.save_conversation(state, now)
        writes.events_of(state)
