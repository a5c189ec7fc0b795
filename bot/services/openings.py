"""What a customer's acts allow us to send: how long the reply window is open, and how many messages fit in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.capabilities import Capabilities
from bot.core.message import FROM_CUSTOMER, Inbound
from models.database import as_time, fetch, marks

#: A token of a channel without a window is good for one answer, and soon.
TOKEN_TIME = timedelta(minutes=1)
#: Of one conversation, the newest acts that may still allow something.
_MOST = 32
_READ = (
    "SELECT id, conversation_id, token, at, until, most, used FROM opening WHERE conversation_id IN ({marks}) "
    "AND until > ? ORDER BY at DESC, id DESC LIMIT ?"
)
# What a turn released is in the table alone for a moment, ahead of what the memory holds of its lane.
_READ_FIRST = (
    "SELECT id, conversation_id, token, at, until, most, used, EXISTS (SELECT 1 FROM effect older "
    "WHERE older.conversation_id = opening.conversation_id AND older.lane = ? AND older.state = 'pending' "
    "AND older.id < (SELECT id FROM effect WHERE key = ?)) AS is_late FROM opening WHERE conversation_id = ? "
    "AND until > ? ORDER BY at DESC, id DESC LIMIT ?"
)
_LATEST = "SELECT at FROM opening WHERE conversation_id = ? ORDER BY at DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Opening:
    """One act, and what is left of what it allows; `most` is None for any number of messages."""

    id: int
    token: str
    at: datetime
    until: datetime
    most: int | None
    used: int

    @property
    def left(self) -> int | None:
        """Messages that still fit in; None for any number."""
        return None if self.most is None else max(0, self.most - self.used)


def has_openings(capabilities: Capabilities) -> bool:
    """Whether anything on this channel depends on what the customer did last."""
    return capabilities.reply_window is not None or capabilities.tokens


Row = tuple[int, str, datetime, datetime, int | None]
"""Of the table: conversation, token, at, until, most."""


def made_by(inbound: Inbound, capabilities: Capabilities, conversation_id: int, now: datetime) -> Row | None:
    """The row of what this act allows; None where it allows nothing.

    It counts from when the customer did it, as far as we know: a message that waited here waited there, too.
    """
    if inbound.allows is None and inbound.kind not in FROM_CUSTOMER:
        return None
    began = min(inbound.sent_at, now) if inbound.sent_at else now
    if inbound.allows is not None:
        length, most = timedelta(seconds=inbound.allows.seconds), inbound.allows.messages
    elif capabilities.reply_window is not None:
        length, most = capabilities.reply_window, capabilities.reply_quota
    elif inbound.token:
        length, most = TOKEN_TIME, 1
    else:
        return None
    return conversation_id, inbound.token, began, began + length, most


async def of(conversation_ids: Sequence[int], now: datetime) -> Mapping[int, tuple[Opening, ...]]:
    """What is open in each of these conversations, the newest first; those with nothing are left out."""
    if not conversation_ids:
        return {}
    sql = _READ.format(marks=marks(len(conversation_ids)))
    rows = await fetch(sql, (*conversation_ids, now, _MOST * len(conversation_ids)))
    found: dict[int, list[Opening]] = {}
    for row in rows:
        found.setdefault(row["conversation_id"], []).append(_opening(row))
    return {id_: _in_force(openings) for id_, openings in found.items()}


async def for_effect(conversation_id: int, lane: str, key: str, now: datetime) -> tuple[tuple[Opening, ...], bool]:
    """What is open, and whether an older effect of the lane must leave before this one, in one look."""
    rows = await fetch(_READ_FIRST, (lane, key, conversation_id, now, _MOST))
    return _in_force([_opening(row) for row in rows]), any(row["is_late"] for row in rows)


def left(open_: Sequence[Opening]) -> int | None:
    """Messages that still fit into all of these together; None for any number."""
    counts = [one.left for one in open_ if one.left is not None]
    return sum(counts) if len(counts) == len(open_) else None


async def newest(conversation_id: int, now: datetime) -> int:
    """The id of the newest act that allows something; 0 when none does."""
    return max((one.id for one in (await of([conversation_id], now)).get(conversation_id, ())), default=0)


async def last_act(conversation_id: int) -> datetime | None:
    """When the customer last did what allowed us something; None if that is forgotten."""
    rows = await fetch(_LATEST, (conversation_id,))
    return as_time(rows[0]["at"]) if rows else None


def _in_force(openings: Sequence[Opening]) -> tuple[Opening, ...]:
    """Acts with a token count each for itself; of those without, a newer one that lasts longer replaces the older."""
    kept: list[Opening] = []
    for one in openings:
        replaced = not one.token and any(not newer.token and newer.until >= one.until for newer in kept)
        if not replaced:
            kept.append(one)
    return tuple(one for one in kept if one.left != 0)


def _opening(row: Mapping[str, Any]) -> Opening:
    at, until = as_time(row["at"]), as_time(row["until"])
    assert at is not None  # noqa: S101 - the column is NOT NULL
    assert until is not None  # noqa: S101
    return Opening(row["id"], row["token"], at, until, row["most"], row["used"])
