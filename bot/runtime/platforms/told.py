"""What a platform says later of messages: delivered, read, failed, edited, taken back, answered in its own client."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.core.events import MessageChanged
from bot.core.message import Inbound, Reply
from bot.runtime.state import ConversationState
from bot.runtime.suspects import Postponed
from bot.runtime.writes import Writes, preview
from models.database import fetch, marks

KINDS = frozenset({"status", "edited", "deleted", "echo"})
#: A person who answers in the platform's own client has the word for so long after each of their messages.
ELSEWHERE = timedelta(hours=2)
#: How far back a message is looked for.
_REACH = 500
#: An echo is of one of so many messages, and comes soon.
_ECHOED, _ECHO_TIME = 50, timedelta(minutes=10)
#: A status may be here before we have written down what was sent; so long and so often it is waited for, seconds.
_PATIENCE, _REST = 5.0, 0.5

_NAMED = "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND external_id = ? AND author "
_SENT = _NAMED + "IN ('bot', 'staff') ORDER BY seq"
_RECEIVED = _NAMED + "= 'customer' ORDER BY seq"
_EARLIER = _NAMED + "= 'event' ORDER BY seq"
_OURS = (
    "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND delivery IN ({marks}) AND at <= ? ORDER BY seq"
)
_LAST = (
    "SELECT text, external_id FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND at > ? ORDER BY seq"
)
# Who has read a message has read those above it.
_UNTIL = (
    "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND delivery IN ({marks}) AND seq <= ? ORDER BY seq"
)
_STATUS = "UPDATE message SET delivery = ?, error = ? WHERE conversation_id = ? AND seq = ?"
_EDIT = "UPDATE message SET text = ?, changed = 'edited' WHERE conversation_id = ? AND seq = ?"
_FORGET = "UPDATE message SET body = '' WHERE conversation_id = ? AND seq = ?"
_DELETE = "UPDATE message SET text = '', body = '', changed = 'deleted' WHERE conversation_id = ? AND seq = ?"
#: What a state of delivery may follow on.
_BEFORE = {
    "delivered": ("queued", "sent"),
    "read": ("queued", "sent", "delivered"),
    "failed": ("queued", "sent"),
}


class Told:
    """One such event of one conversation, within its turn."""

    def __init__(self, state: ConversationState, writes: Writes, now: datetime) -> None:
        self._state = state
        self._writes = writes
        self._now = now

    async def take(self, inbound: Inbound) -> None:
        """Gather what follows from it. Raises `Postponed` for a status of what we have not written down yet."""
        match inbound.kind:
            case "status":
                await self._status(inbound)
            case "edited":
                await self._edited(inbound)
            case "deleted":
                await self._deleted(inbound)
            case "echo":
                if not await self._is_ours(inbound):
                    self._answered_elsewhere(inbound)

    async def _status(self, inbound: Inbound) -> None:
        before = _BEFORE.get(inbound.data)
        if before is None:
            return
        found = await self._of_status(inbound, before)
        if not found and self._is_fresh(inbound):
            raise Postponed(_REST)
        for row in found:
            if row["delivery"] in before:
                self._tell(_STATUS, (inbound.data, inbound.text[:300], self._state.id, row["seq"]), row["seq"])
                if inbound.data == "failed":
                    self._state.attention = "send"

    async def _of_status(self, inbound: Inbound, before: tuple[str, ...]) -> list[dict[str, Any]]:
        """The messages that it is about: one by its id or by our own key of it, or all that were there at its time."""
        after = self._state.last_seq - _REACH
        if inbound.about.startswith("send:"):
            seq = inbound.about.split(":")[3:4]
            return [{"seq": int(seq[0]), "delivery": "queued"}] if seq and seq[0].isdigit() else []
        if inbound.about:
            found = await fetch(_SENT, (self._state.id, after, inbound.about))
            if not found or inbound.data != "read":
                return found
            return await fetch(
                _UNTIL.format(marks=marks(len(before))), (self._state.id, after, *before, found[-1]["seq"])
            )
        sql = _OURS.format(marks=marks(len(before)))
        return await fetch(sql, (self._state.id, after, *before, inbound.sent_at or self._now))

    def _is_fresh(self, inbound: Inbound) -> bool:
        if not inbound.about or inbound.about.startswith("send:") or inbound.sent_at is None:
            return False
        return (self._now - inbound.sent_at).total_seconds() < _PATIENCE

    async def _edited(self, inbound: Inbound) -> None:
        """Staff read what stands there now, and in a line of its own what stood there before."""
        for row in await self._by_id(inbound):
            if row["text"] == inbound.text:
                continue
            self._tell(_EDIT, (inbound.text, self._state.id, row["seq"]), row["seq"])
            if row["seq"] == self._state.last_seq:
                self._state.last_text = preview(inbound.text)
            self._event("edited", Reply(row["text"]), inbound.about)

    async def _deleted(self, inbound: Inbound) -> None:
        """The words go, as the platforms demand; that something was there stays."""
        for row in await self._by_id(inbound, _EARLIER):
            self._tell(_FORGET, (self._state.id, row["seq"]), row["seq"])
        for row in await self._by_id(inbound):
            self._tell(_DELETE, (self._state.id, row["seq"]), row["seq"])
            if row["seq"] == self._state.last_seq:
                self._state.last_text = ""

    async def _by_id(self, inbound: Inbound, sql: str = _RECEIVED) -> list[dict[str, Any]]:
        if not inbound.about:
            return []
        return await fetch(sql, (self._state.id, self._state.last_seq - _REACH, inbound.about))

    async def _is_ours(self, inbound: Inbound) -> bool:
        """Whether it is the echo of what was sent here, which not every platform marks: by its id, or by its words."""
        rows = await fetch(_LAST, (self._state.id, self._state.last_seq - _ECHOED, self._now - _ECHO_TIME))
        return any((row["external_id"] or None) == inbound.external_id or row["text"] == inbound.text for row in rows)

    def _answered_elsewhere(self, inbound: Inbound) -> None:
        """A person has the word; what the bot was about to say is not sent any more."""
        state = self._state
        if not state.is_with_people(self._now):
            state.epoch += 1
            self._writes.voided.append((state.id, state.lane, state.epoch))
            self._event("elsewhere", None)
        state.elsewhere_until = self._now + ELSEWHERE
        state.waiting_since, state.unread = None, 0
        state.last_seq += 1
        state.last_text, state.last_author, state.last_at = preview(inbound.text), "staff", self._now
        state.first_response_at = state.first_response_at or self._now
        self._writes.messages.append(
            (state.id, state.last_seq, "staff", None, inbound.text, "", None, "sent", self._now, inbound.external_id)
        )

    def _event(self, what: str, body: Reply | None, about: str = "") -> None:
        state = self._state
        state.last_seq += 1
        line = msgspec.json.encode(body).decode() if body else ""
        self._writes.messages.append((state.id, state.last_seq, "event", None, what, line, None, "", self._now, about))

    def _tell(self, sql: str, row: tuple[Any, ...], seq: int) -> None:
        self._writes.told.append((sql, row))
        self._writes.events.append(MessageChanged(self._state.id, self._state.lane, seq))
