"""What becomes of an inbound whose turn failed: tried again later, then parked where staff see it, with an apology."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import DatabaseBusy
from bot.core.faults import fault
from bot.core.message import FROM_CUSTOMER, Inbound, Reply
from bot.core.text import _
from bot.runtime import webhook_news
from bot.runtime.doubts import Doubts
from bot.runtime.lanes import Head, Lanes
from bot.runtime.lease import Lease
from bot.runtime.retry import turn_attempts, turn_delay, was_parked
from bot.runtime.roll import assure_node
from bot.runtime.shop import Shop
from bot.runtime.speech import Speech
from bot.runtime.state import ConversationState, load_states
from bot.runtime.writes import Writes
from models.database import execute, fetch, marks, transaction

log = logging.getLogger(__name__)

APOLOGY = _("Sorry, something went wrong on our side. A colleague will look at it.")
#: How long a lane rests when not even the failure could be recorded, seconds.
UNRECORDED_REST = 0.5


class Failures:
    """`committed` hears of what was written, as after a turn that went well."""

    def __init__(
        self,
        lanes: Lanes,
        shop: Shop,
        committed: Callable[[Writes], None],
        doubts: Doubts,
        clock: Callable[[], datetime],
        lease: Lease,
    ) -> None:
        self._lanes = lanes
        self._lease = lease
        self._shop = shop
        self._committed = committed
        self._doubts = doubts
        self._clock = clock

    async def record(self, head: Head, error: BaseException) -> None:
        """Keep what went wrong and say when the lane goes on. Never raises."""
        attempts = turn_attempts(error, max(waiting.attempts for waiting in head.waiting) + 1)
        delay = turn_delay(attempts)
        first = head.waiting[0].id
        # Without the error's own words, which may quote the customer: those are in the row, for staff.
        facts = {"action": "turn.failed", "inbound": first, "attempts": attempts}
        log.error("a turn failed", extra=facts | fault(error))
        reason = f"{type(error).__name__}: {error}"[:500]
        try:
            await self._write(head, attempts, reason, park=delay is None)
        except Exception as unrecorded:
            # Raised further, it would end the lane's task and leave the lane taken for ever.
            facts = {"action": "turn.unrecorded", "inbound": first}
            log.error("a failed turn could not be recorded", extra=facts | fault(unrecorded))
            self._lanes.postpone(head, UNRECORDED_REST)
            return
        if delay is None:
            self._lanes.done(head)
        else:
            self._lanes.retry(head, delay)

    async def _write(self, head: Head, attempts: int, reason: str, *, park: bool) -> None:
        """Parking tells the customer, marks the conversation, and shows the inbound to staff."""
        now, node = self._clock(), self._lease.node
        writes = Writes()
        state = "parked" if park else "pending"
        writes.failed += [(attempts, reason, state, waiting.id) for waiting in head.waiting]
        try:
            async with transaction() as connection:
                if park and not was_parked(attempts - 1):
                    await self._tell(connection, head, writes, now)
                await assure_node(node, connection)
                await execute(connection, writes.statements(now))
        except DatabaseBusy:
            self._doubts.note(head, writes)
            raise
        self._committed(writes)

    async def _tell(self, connection: BaseDBAsyncClient, head: Head, writes: Writes, now: datetime) -> None:
        states = await load_states(connection, [head.waiting[0].inbound], now, self._shop.meets)
        if found := states.get(head.lane):
            inbounds = [one.inbound for one in head.waiting]
            known = await _in_thread(connection, found.id, inbounds)
            before = webhook_news.Before.of(found)
            self._apologise(found, inbounds, known, writes, now)
            writes.webhooks += await webhook_news.of_turn(before, found, writes.messages, now)

    def _apologise(
        self, state: ConversationState, inbounds: Sequence[Inbound], known: set[str], writes: Writes, now: datetime
    ) -> None:
        """What the customer sent still shows in the thread, with an apology; the dialog that failed is ended."""
        for inbound in inbounds:
            if inbound.is_said and inbound.client_id not in known:
                state.last_seq += 1
                state.last_text, state.last_author, state.last_at = inbound.text[:300], "customer", now
                client_id = inbound.client_id or None
                said = (inbound.text, "", client_id, "", now, inbound.external_id)
                writes.messages.append((state.id, state.last_seq, "customer", None, *said))
        state.closed_at, state.attention = None, "turn"
        state.waiting_since = state.waiting_since or (now if state.owner_id is None else None)
        if state.foreground:
            writes.ended.append((state.foreground.token,))
        voice = self._shop.languages.voice(self._shop.language(state.account, state.locale))
        if any(inbound.kind in FROM_CUSTOMER and not inbound.automatic for inbound in inbounds):
            speech = Speech(state, writes, self._shop.on(state.account), voice, now)
            speech.say(Reply(voice(APOLOGY)))
            speech.finish()
        writes.save_conversation(state, now)
        writes.events_of(state)


async def _in_thread(connection: BaseDBAsyncClient, conversation_id: int, inbounds: Sequence[Inbound]) -> set[str]:
    """Which of their client ids the thread has: of a message whose inbound was pruned long before it came again."""
    ids = [inbound.client_id for inbound in inbounds if inbound.client_id]
    if not ids:
        return set()
    sql = f"SELECT client_id FROM message WHERE conversation_id = ? AND client_id IN ({marks(len(ids))})"  # noqa: S608
    return {row["client_id"] for row in await fetch(sql, (conversation_id, *ids), connection)}
