"""What waits and what failed as people see it: how deep the queues are, what was parked, and who is told no more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.services.rows import moment
from models.database import fetch

Kind = Literal["effect", "inbound", "webhook"]


#: Endpoints that are told nothing any more, without a word of staff.
_STOPPED = "FROM webhook_endpoint WHERE state = 'gone' OR (state = 'paused' AND reason = 'failing')"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be done after all its attempts."""

    kind: Kind
    id: int
    what: str
    error: str
    attempts: int
    at: datetime
    conversation_id: int | None


async def pending(most: int) -> int:
    """How many inbounds wait, counted up to `most`."""
    counted = "SELECT count(*) AS n FROM (SELECT 1 FROM inbound WHERE state = 'pending' LIMIT ?) AS waiting"
    return int((await fetch(counted, (most,)))[0]["n"])


async def parked(limit: int = 200) -> tuple[Failure, ...]:
    """What is parked, newest first."""
    effects = await fetch(
        "SELECT id, kind, error, attempts, created_at AS at, conversation_id FROM effect "
        "WHERE state = 'parked' ORDER BY id DESC LIMIT ?",
        (limit,),
    )
    inbounds = await fetch(
        "SELECT i.id, i.kind, i.error, i.attempts, i.received_at AS at, c.id AS conversation_id FROM inbound i "
        "LEFT JOIN conversation c ON c.lane = i.lane WHERE i.state = 'parked' ORDER BY i.id DESC LIMIT ?",
        (limit,),
    )
    endpoints = await fetch(
        "SELECT id, 'webhook' AS kind, CASE state WHEN 'gone' THEN 'gone' ELSE reason END AS error, 0 AS attempts, "
        f"updated_at AS at, NULL AS conversation_id {_STOPPED} ORDER BY id LIMIT ?",
        (limit,),
    )
    by_kind: dict[Kind, list[dict[str, object]]] = {"effect": effects, "inbound": inbounds, "webhook": endpoints}
    found = [_failure(kind, row) for kind, rows in by_kind.items() for row in rows]
    return tuple(sorted(found, key=lambda failure: failure.at, reverse=True)[:limit])


async def parked_count() -> int:
    """How many there are."""
    either = (
        "SELECT (SELECT count(*) FROM effect WHERE state = 'parked') "  # noqa: S608 - ours
        f"+ (SELECT count(*) FROM inbound WHERE state = 'parked') + (SELECT count(*) {_STOPPED}) AS n"
    )
    return int((await fetch(either))[0]["n"])


def _failure(kind: Kind, row: dict[str, object]) -> Failure:
    conversation = row["conversation_id"]
    return Failure(
        kind=kind,
        id=int(str(row["id"])),
        what=str(row["kind"]),
        error=str(row["error"]),
        attempts=int(str(row["attempts"])),
        at=moment(row["at"]),
        conversation_id=None if conversation is None else int(str(conversation)),
    )
