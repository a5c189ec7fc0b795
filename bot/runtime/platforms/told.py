"""What a platform says later of messages: delivered, read, failed, edited, taken back, answered in its own client."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.core.events import MessageChanged
from bot.core.message import Inbound, Reply
from bot.runtime.host import TurnHost
from bot.runtime.platforms import behind, pieces
from bot.runtime.speech import SendPayload
from bot.runtime.state import ConversationState
from bot.runtime.void import about_to_say
from bot.runtime.writes import Writes, preview
from bot.services import attachments
from models.database import fetch, marks

_inbound = msgspec.json.Decoder(Inbound)
_send = msgspec.json.Decoder(SendPayload)
KINDS = frozenset({"status", "edited", "deleted", "echo", "returned"})
#: A person who answers in the platform's own client has the word for so long after each of their messages.
ELSEWHERE = timedelta(hours=2)
#: How far back a message is looked for.
_REACH = 500
#: An echo is of one of so many messages, and comes soon.
_ECHOED, _ECHO_TIME = 50, timedelta(minutes=10)

_NAMED = "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND external_id = ? AND author "
_SENT = (
    "SELECT seq, delivery, 0 AS number, 0 AS is_piece FROM message WHERE conversation_id = ? AND seq > ? "
    "AND external_id = ? AND author IN ('bot', 'staff') UNION ALL "
    "SELECT seq, delivery, number, 1 AS is_piece FROM message_piece WHERE conversation_id = ? AND external_id = ? "
    "ORDER BY seq, is_piece, number"
)
#: That of a wire, see `sends`: its message, and which of the message's wires it is.
_KEY = re.compile(r"send:[0-9a-f]+:(?P<conversation>[0-9]{1,18}):(?P<seq>[0-9]{1,9}):(?P<number>[0-9]{1,9})")
_WITH_SEQ = "SELECT seq, delivery FROM message WHERE conversation_id = ? AND seq = ? AND author IN ('bot', 'staff')"
_PIECE_OF = (
    "SELECT seq, delivery, number, 1 AS is_piece FROM message_piece "
    "WHERE conversation_id = ? AND seq = ? AND number = ?"
)
_PIECES = (
    "SELECT p.id, p.number, p.delivery, p.is_last, m.delivery AS whole FROM message_piece p JOIN message m "
    "ON m.conversation_id = p.conversation_id AND m.seq = p.seq WHERE p.conversation_id = ? AND p.seq = ? "
    "ORDER BY p.number"
)
_PIECE = "UPDATE message_piece SET delivery = ? WHERE id = ?"
_RECEIVED = _NAMED + "= 'customer' ORDER BY seq"
# The customer's own, or that of a person who answered in the platform's client; what was said here is staff's.
_RECALLED = _NAMED + "IN ('customer', 'staff') AND staff_id IS NULL ORDER BY seq"
_EARLIER = _NAMED + "= 'event' ORDER BY seq"
_OURS = (
    "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND delivery IN ({marks}) AND at <= ? ORDER BY seq"
)
_LAST = (
    "SELECT text FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND at > ? ORDER BY seq"
)
_UNDER_WAY = (
    "SELECT payload FROM effect WHERE conversation_id = ? AND kind = 'send' AND state = 'pending' AND created_at > ?"
)
_LEAVING = "SELECT id FROM effect WHERE conversation_id = ? AND kind = 'send' AND state = 'pending' AND created_at <= ?"
# What waits to be tried again has not left, but for the first of its messages.
_NOW = " AND due_at <= ?"
# Who has read a message has read those above it.
_UNTIL = (
    "SELECT seq, text, delivery FROM message WHERE conversation_id = ? AND seq > ? AND author IN ('bot', 'staff') "
    "AND delivery IN ({marks}) AND seq <= ? ORDER BY seq"
)
_STATUS = "UPDATE message SET delivery = ?, error = ? WHERE conversation_id = ? AND seq = ?"
_EDIT = "UPDATE message SET text = ?, changed = 'edited' WHERE conversation_id = ? AND seq = ?"
_FORGET = "UPDATE message SET body = '' WHERE conversation_id = ? AND seq = ?"
_DELETE = "UPDATE message SET text = '', body = '', changed = 'deleted' WHERE conversation_id = ? AND seq = ?"
_UNSETTLED = "SELECT id, payload FROM inbound WHERE lane = ? AND state <> 'done' AND kind IN ({marks})"
_TAKE_BACK = "UPDATE inbound SET kind = 'deleted', payload = ?, error = ? WHERE id = ? AND state <> 'done'"
#: What may hold words of a customer, and what staff read of one that was parked and then taken back.
_SAID, TAKEN_BACK = ("message", "callback", "edited"), "taken back by the customer"
#: What a state of delivery may follow on.
_BEFORE = {
    "delivered": ("queued", "sent"),
    "read": ("queued", "sent", "delivered"),
    "failed": ("queued", "sent"),
}


class Told:
    """One such event of one conversation, within its turn."""

    def __init__(self, state: ConversationState, writes: Writes, host: TurnHost, now: datetime) -> None:
        self._state = state
        self._host = host
        self._writes = writes
        self._now = now

    async def take(self, inbound: Inbound) -> bool:
        """Gather what follows from it; whether it is a new message, with files of its own."""
        match inbound.kind:
            case "status":
                await self._status(inbound)
            case "edited":
                await self._edited(inbound)
            case "deleted":
                await self._deleted(inbound)
            case "returned":
                self._returned()
            case "echo":
                if not await self._is_ours(inbound):
                    await self._answered_elsewhere(inbound)
                    return True
        return False

    async def _status(self, inbound: Inbound) -> None:
        before = _BEFORE.get(inbound.data)
        if before is None:
            return
        found = await self._of_status(inbound, before)
        # What says how far somebody has read is about all until then, the one that is just leaving included.
        if not behind.is_again(inbound) and not (found and inbound.about):
            if await self._is_leaving(inbound):
                self._writes.effects.append(behind.heard_again(self._state, inbound))
            else:
                found = await self._of_status(inbound, before)  # it may have left between the two looks
        in_pieces = {row["seq"]: row["number"] for row in found if row.get("is_piece")}
        for seq, number in in_pieces.items():
            await self._piece(seq, number, inbound, before)
        for row in (one for one in found if one["seq"] not in in_pieces):
            if row["delivery"] in before:
                self._tell(_STATUS, (inbound.data, inbound.text[:300], self._state.id, row["seq"]), row["seq"])
                if inbound.data == "failed":
                    self._state.attention = "send"

    async def _of_status(self, inbound: Inbound, before: tuple[str, ...]) -> list[dict[str, Any]]:
        """The messages that it is about: one by its id or by our own key of it, or all that were there at its time."""
        after = self._state.last_seq - _REACH
        if inbound.about.startswith("send:"):
            return await self._by_key(inbound.about)
        if inbound.about:
            found = await self._named(inbound.about)
            if not found or inbound.data != "read":
                return found
            is_piece = found[-1]["is_piece"]
            until = (self._state.id, after, *before, found[-1]["seq"] - is_piece)
            above = await fetch(_UNTIL.format(marks=marks(len(before))), until)
            return [*above, *(found if is_piece else ())]
        # One that is still to leave was said before that moment, too.
        left = [state for state in before if state != "queued"]
        sql = _OURS.format(marks=marks(len(left)))
        return await fetch(sql, (self._state.id, after, *left, inbound.sent_at or self._now))

    async def _named(self, id_: str) -> list[dict[str, Any]]:
        """What the platform calls so: a message of ours, or a piece of it."""
        return await fetch(_SENT, (self._state.id, self._state.last_seq - _REACH, id_, self._state.id, id_))

    async def _by_key(self, key: str) -> list[dict[str, Any]]:
        """By our own key of a wire. It is sent when the platform says so, whatever we have written down by then."""
        found = _KEY.fullmatch(key)
        if found is None or int(found["conversation"]) != self._state.id:
            return []
        seq, number = int(found["seq"]), int(found["number"])
        rows = await fetch(_PIECE_OF, (self._state.id, seq, number)) or await fetch(_WITH_SEQ, (self._state.id, seq))
        return [row | {"delivery": "queued"} if row["delivery"] in ("held", "quiet") else row for row in rows]

    async def _piece(self, seq: int, number: int, inbound: Inbound, before: tuple[str, ...]) -> None:
        """A piece of a message: the message has the least state of all of them, once all have left."""
        rows = await fetch(_PIECES, (self._state.id, seq))
        changed = pieces.told(rows, number, inbound.data, before)
        for row in changed:
            row["delivery"] = inbound.data
            self._writes.told.append((_PIECE, (inbound.data, row["id"])))
        state, all_left = pieces.least(rows), any(row["is_last"] for row in rows)
        if changed and (all_left or state == "failed") and rows[0]["whole"] in _BEFORE.get(state, ()):
            why = inbound.text[:300] if state == "failed" else ""
            self._tell(_STATUS, (state, why, self._state.id, seq), seq)
        if changed and inbound.data == "failed":
            self._state.attention = "send"

    async def _is_leaving(self, inbound: Inbound) -> bool:
        """Whether what it may be about is: one that names a message may come from a clock that is behind ours."""
        if inbound.about.startswith("send:"):
            return False
        if inbound.about:
            return bool(await fetch(_LEAVING, (self._state.id, self._now)))
        until = inbound.sent_at
        return until is not None and bool(await fetch(_LEAVING + _NOW, (self._state.id, until, self._now)))

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
        """The words and the files go, as the platforms demand; that something was there stays."""
        await self._take_back_unsettled(inbound)
        for row in await self._by_id(inbound, _EARLIER):
            self._tell(_FORGET, (self._state.id, row["seq"]), row["seq"])
        found = await self._by_id(inbound, _RECALLED)
        seqs = [row["seq"] for row in found]
        if seqs and await attachments.any_of(self._state.id, seqs):
            await self._host.open()
            await attachments.taken_back(self._state.id, seqs, self._now)
        for row in found:
            self._tell(_DELETE, (self._state.id, row["seq"]), row["seq"])
            if row["seq"] == self._state.last_seq:
                self._state.last_text = ""

    async def _take_back_unsettled(self, inbound: Inbound) -> None:
        """A parked one becomes what took it back: staff still find it there, and to try it again settles it."""
        if not inbound.about:
            return
        waiting = await fetch(_UNSETTLED.format(marks=marks(len(_SAID))), (self._state.lane, *_SAID))
        for row in waiting:
            known = _inbound.decode(row["payload"])
            if inbound.about in (known.external_id, known.about):
                rest = Inbound(known.account, known.key, known.sender, "deleted", about=inbound.about)
                said = (msgspec.json.encode(rest).decode(), TAKEN_BACK, row["id"])
                self._writes.told.append((_TAKE_BACK, said))

    async def _by_id(self, inbound: Inbound, sql: str = _RECEIVED) -> list[dict[str, Any]]:
        if not inbound.about:
            return []
        return await fetch(sql, (self._state.id, self._state.last_seq - _REACH, inbound.about))

    async def _is_ours(self, inbound: Inbound) -> bool:
        """Whether it is the echo of what was sent here, which not every platform marks: by its id, or by its words."""
        if inbound.external_id and await self._named(inbound.external_id):
            return True
        since = self._now - _ECHO_TIME
        if not inbound.text:  # a file has no words to be known by: it may be one that is leaving now
            rows = await fetch(_UNDER_WAY, (self._state.id, since))
            return any(_send.decode(row["payload"]).wire.files for row in rows)
        rows = await fetch(_LAST, (self._state.id, self._state.last_seq - _ECHOED, since))
        return any(row["text"] == inbound.text for row in rows)

    async def _answered_elsewhere(self, inbound: Inbound) -> None:
        """A person has the word; what the bot was about to say is not sent any more."""
        state = self._state
        if not state.is_with_people(self._now):
            await self._host.open()  # what is cancelled may be recorded as sent by a commit of the ledger's now
            state.epoch += 1
            self._writes.voided.append((state.id, state.lane, state.epoch))
            waiting = await about_to_say(state.id)
            self._writes.events += [MessageChanged(state.id, state.lane, seq) for seq in waiting]
            self._event("elsewhere", None)
        state.elsewhere_until = self._now + ELSEWHERE
        state.waiting_since, state.unread = None, 0
        state.last_seq += 1
        state.last_text, state.last_author, state.last_at = preview(inbound.text), "staff", self._now
        state.first_response_at = state.first_response_at or self._now
        self._writes.messages.append(
            (state.id, state.last_seq, "staff", None, inbound.text, "", None, "sent", self._now, inbound.external_id)
        )

    def _returned(self) -> None:
        """Nothing is said by that: where it has ended the platform takes nothing until the customer writes."""
        if self._state.elsewhere_until is not None:
            self._state.elsewhere_until = None
            self._state.epoch += 1

    def _event(self, what: str, body: Reply | None, about: str = "") -> None:
        state = self._state
        state.last_seq += 1
        line = msgspec.json.encode(body).decode() if body else ""
        self._writes.messages.append((state.id, state.last_seq, "event", None, what, line, None, "", self._now, about))

    def _tell(self, sql: str, row: tuple[Any, ...], seq: int) -> None:
        self._writes.told.append((sql, row))
        self._writes.events.append(MessageChanged(self._state.id, self._state.lane, seq))
