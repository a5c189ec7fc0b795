"""A message that leaves in several wires has the least state of theirs: each of them has a row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.runtime.writes import NewEffect
from models.database import Statement

#: The states of a piece, the least first.
ORDER = ("failed", "sent", "delivered", "read")
KEPT = (
    "INSERT INTO message_piece (conversation_id, seq, number, is_last, external_id, delivery, at) "
    "VALUES (?,?,?,?,?,?,?) ON CONFLICT (conversation_id, seq, number) DO UPDATE SET "
    "external_id = excluded.external_id, delivery = excluded.delivery"
)
_OTHERS_FAILED = (
    "EXISTS (SELECT 1 FROM message_piece p WHERE p.conversation_id = message.conversation_id "
    "AND p.seq = message.seq AND p.number <> ? AND p.delivery = 'failed')"
)
_ALL_LEFT = (
    "EXISTS (SELECT 1 FROM message_piece l WHERE l.conversation_id = message.conversation_id "
    "AND l.seq = message.seq AND l.is_last)"
)
# Where the platform says more later, that may have come first. One text for all that leaves, in one wire or in several:
# a commit with two UPDATEs of messages would be no single statement on PostgreSQL.
_LEFT = (
    "UPDATE message SET delivery = CASE "  # noqa: S608 - ours
    "WHEN delivery IN ('delivered', 'read') THEN delivery ELSE 'sent' END, "
    "error = '', external_id = ? WHERE conversation_id = ? AND seq = ? AND NOT " + _OTHERS_FAILED
)
# One that had failed, and that staff had tried again.
_EARLIER = (
    "UPDATE message SET delivery = 'sent', error = '' "  # noqa: S608 - ours
    "WHERE conversation_id = ? AND seq = ? AND delivery = 'failed' "
    "AND NOT " + _OTHERS_FAILED + " AND " + _ALL_LEFT
)


def is_one(effect: NewEffect, last: bool) -> bool:
    """Whether this wire is one of several."""
    return not last or number(effect) > 0


def number(effect: NewEffect) -> int:
    """Which wire of its message this is, from 0: a key of `sends` ends with it, and another is of one wire."""
    last = effect.key.rpartition(":")[2]
    return int(last) if last.isdigit() else 0


def left(effect: NewEffect, last: bool, external_id: str, now: datetime) -> tuple[Statement, ...]:
    """It was sent; the last of them makes the message one that was sent, unless another has failed."""
    piece = (kept(effect, last, external_id, "sent", now),) if is_one(effect, last) else ()
    where = (effect.conversation_id, effect.message_seq, number(effect))
    if last:
        return *piece, (_LEFT, [(external_id, *where)])
    return (*piece, (_EARLIER, [where])) if changes(effect, last) else piece


def changes(effect: NewEffect, last: bool) -> bool:
    """Whether the message is further than before once this wire has left: not by an earlier one, unless tried again."""
    return last or effect.author == "staff"


def kept(effect: NewEffect, last: bool, external_id: str, state: str, now: datetime) -> Statement:
    """The row of a piece."""
    where = (effect.conversation_id, effect.message_seq, number(effect))
    return KEPT, [(*where, last, external_id, state, now)]


def least(states: list[str]) -> str:
    """That of the message."""
    return min(states, key=ORDER.index)


def told(pieces: list[dict[str, Any]], about: int, state: str, before: tuple[str, ...]) -> list[dict[str, Any]]:
    """Those of a message's `pieces` that change when the platform says `state` of number `about`.

    Who has read one has read those above it.
    """
    meant = [one for one in pieces if one["number"] == about or (state == "read" and one["number"] < about)]
    return [one for one in meant if one["delivery"] in before]
