"""A message that the platform makes several of has the least state of theirs: each of them has a row.

It leaves in wires, numbered from 0, and some platforms make several messages of one wire. The last of these is the
wire's own row; those before it have numbers below 0, see `earlier`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.runtime.writes import NewEffect
from models.database import Statement

#: The states of a piece, the least first; "held" are files that left the last answer to their words.
ORDER = ("failed", "held", "sent", "delivered", "read")
#: Above as many messages as any platform makes of one wire.
_MOST = 1_000
KEPT = (
    "INSERT INTO message_piece (conversation_id, seq, number, is_last, external_id, delivery, at) "
    "VALUES (?,?,?,?,?,?,?) ON CONFLICT (conversation_id, seq, number) DO UPDATE SET "
    "external_id = excluded.external_id, delivery = excluded.delivery"
)
_OTHERS_ARE_BEHIND = (
    "EXISTS (SELECT 1 FROM message_piece p WHERE p.conversation_id = message.conversation_id "
    "AND p.seq = message.seq AND p.number <> ? AND p.delivery IN ('failed', 'held'))"
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
    "error = '', external_id = ? WHERE conversation_id = ? AND seq = ? AND NOT " + _OTHERS_ARE_BEHIND
)
# One that comes behind the last: it had failed and was tried again, or had left the last answer to its words.
_LATE = (
    "UPDATE message SET delivery = 'sent', error = '' "  # noqa: S608 - ours
    "WHERE conversation_id = ? AND seq = ? AND delivery IN ('failed', 'held') "
    "AND NOT " + _OTHERS_ARE_BEHIND + " AND " + _ALL_LEFT
)


def is_one(effect: NewEffect, last: bool) -> bool:
    """Whether this wire is one of several."""
    return not last or number(effect) > 0


def earlier(wire: int, at: int) -> int:
    """The number of a wire's message at this place, from 0, where it is not the wire's last."""
    return -1 - wire * _MOST - at


def _place(number: int) -> tuple[int, int]:
    """By what the messages of all wires stand in the order in which they left."""
    return (number, _MOST) if number >= 0 else divmod(-1 - number, _MOST)


def number(effect: NewEffect) -> int:
    """Which wire of its message this is, from 0: a key of `sends` ends with it, and another is of one wire."""
    return number_of(effect.key)


def number_of(key: str) -> int:
    """The same by its key."""
    last = key.rpartition(":")[2]
    return int(last) if last.isdigit() else 0


def left(
    effect: NewEffect, last: bool, external_id: str, now: datetime, *, waited: bool, before: Sequence[str] = ()
) -> tuple[Statement, ...]:
    """It was sent; the last of them makes the message one that was sent, unless another has failed, or is held.

    `waited`: it may have been held while a later one left. `before`: the ids of the wire's messages before its last.
    """
    where, wire = (effect.conversation_id, effect.message_seq), number(effect)
    rows = [(*where, earlier(wire, at), False, id_, "sent", now) for at, id_ in enumerate(before)]
    if rows or is_one(effect, last):
        rows.append((*where, wire, last, external_id, "sent", now))
    piece: tuple[Statement, ...] = ((KEPT, rows),) if rows else ()
    if last:
        return *piece, (_LEFT, [(external_id, *where, wire)])
    return (*piece, (_LATE, [(*where, wire)])) if changes(effect, last, waited=waited) else piece


def changes(effect: NewEffect, last: bool, *, waited: bool = False) -> bool:
    """Whether the message is further once this wire has left: not by an earlier one, unless that came late."""
    return last or waited or effect.author == "staff"


def kept(effect: NewEffect, last: bool, external_id: str, state: str, now: datetime) -> Statement:
    """The row of a piece."""
    where = (effect.conversation_id, effect.message_seq, number(effect))
    return KEPT, [(*where, last, external_id, state, now)]


def least(pieces: list[dict[str, Any]]) -> str:
    """The state of a message of these `pieces`. What is held says nothing: its message waits, or will never show it."""
    return min((one["delivery"] for one in pieces if one["delivery"] != "held"), key=ORDER.index, default="held")


def told(pieces: list[dict[str, Any]], about: int, state: str, before: tuple[str, ...]) -> list[dict[str, Any]]:
    """Those of a message's `pieces` that change when the platform says `state` of number `about`.

    Who has read one has read those above it.
    """
    until = _place(about)
    meant = [one for one in pieces if one["number"] == about or (state == "read" and _place(one["number"]) < until)]
    return [one for one in meant if one["delivery"] in before]
