"""What became of a broadcast so far, counted now and then, and not for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from bot.services.rows import moment
from models.database import as_time, execute, fetch, transaction

CLIENT_ID = "news:"
#: What was counted holds for so long, or for this part of the time since it was sent where that is longer.
_FRESH, _PART = timedelta(seconds=4), 100
#: So long after it has ended whatever comes of it has come.
_OVER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of it so far; who is `planned` and nowhere else was left out, or is about to be told."""

    planned: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    unsubscribed: int = 0


async def recent(row: Mapping[str, Any], now: datetime) -> Counts:
    """As they were a moment ago: kept on the row of the broadcast, so that many looks are one count."""
    if row["state"] == "scheduled":
        return Counts()
    if _holds(row, now):
        return msgspec.json.decode(row["counts"], type=Counts)
    counts = await counted(row["id"], is_running=row["state"] == "running")
    async with transaction() as connection:
        await execute(connection, [(_KEEP, [(msgspec.json.encode(counts).decode(), now, row["id"])])])
    return counts


def _holds(row: Mapping[str, Any], now: datetime) -> bool:
    at, ended = as_time(row["counted_at"]), as_time(row["ended_at"])
    if at is None or (ended is not None and at < ended):
        return False
    if ended is not None and at >= ended + _OVER:
        return True
    return now < at + max(_FRESH, (now - moment(row["send_at"])) / _PART)


async def counted(broadcast_id: int, *, is_running: bool) -> Counts:
    """As they are now."""
    name = f"{CLIENT_ID}{broadcast_id}"
    copies = (await fetch(_COPIES, (broadcast_id,)))[0]
    deliveries = {row["delivery"]: int(row["n"]) for row in await fetch(_DELIVERIES, (name, broadcast_id))}
    return Counts(
        planned=int(copies["n"]),
        waiting=int(copies["due"]) * is_running + sum(deliveries.get(one, 0) for one in ("queued", "held", "quiet")),
        sent=deliveries.get("sent", 0) + deliveries.get("", 0),  # a web chat has it with the row
        delivered=deliveries.get("delivered", 0),
        read=deliveries.get("read", 0),
        failed=deliveries.get("failed", 0),
        unsubscribed=int((await fetch(_LEFT, (name, broadcast_id)))[0]["n"]),
    )


_KEEP = "UPDATE broadcast SET counts = ?, counted_at = ? WHERE id = ?"
_COPIES = "SELECT count(*) AS n, count(due_at) AS due FROM broadcast_copy WHERE broadcast_id = ?"
_DELIVERIES = (
    "SELECT m.delivery, count(*) AS n FROM broadcast_copy y JOIN message m ON m.conversation_id = y.conversation_id "
    "AND m.client_id = ? WHERE y.broadcast_id = ? GROUP BY m.delivery"
)
_LEFT = (
    "SELECT count(DISTINCT y.conversation_id) AS n FROM broadcast_copy y "
    "JOIN conversation c ON c.id = y.conversation_id "
    "JOIN message m ON m.conversation_id = y.conversation_id AND m.client_id = ? "
    "JOIN consent n ON n.identity_id = c.identity_id AND n.kind = 'news' AND n.given = FALSE AND n.at >= m.at "
    "WHERE y.broadcast_id = ?"
)
