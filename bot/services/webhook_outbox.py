"""What waits to be told to endpoints: taken for a while by whichever node looks first, and written down when tried.

A node that dies leaves what it had taken to the others once its time is over; what it did not write down is told again
under the same webhook-id. A node that comes back too late finds its claim gone and writes nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from tortoise.expressions import F

from bot.core.webhooks import Posted, is_wanted
from bot.services import audit
from models import WebhookDelivery, WebhookEndpoint, locks
from models.database import as_time, execute, fetch, marks, transaction

#: For so long a delivery is whoever's took it: longer than any call, and what is done before and after it.
CLAIM = timedelta(seconds=60)
#: Events that are given to their endpoints in one transaction.
SPREAD = 200
#: An endpoint with which no call went well for so long is paused.
PATIENCE = timedelta(days=3)
#: However long an endpoint asks to be left alone, seconds.
LONGEST_REST = 86400.0

Stop = Literal["", "failing", "gone"]

_UNSPREAD = "SELECT id, name, at FROM webhook_event WHERE spread = ? ORDER BY id LIMIT ?"
_GIVE = (
    "INSERT INTO webhook_delivery (event_id, endpoint_id, due_at, created_at) VALUES (?,?,?,?) "
    "ON CONFLICT (event_id, endpoint_id) DO NOTHING"
)
_GIVEN = "UPDATE webhook_event SET spread = ? WHERE id = ?"
_MAY = "e.state = 'active' AND (e.rest_until IS NULL OR e.rest_until <= ?)"
_BUSY = (
    f"SELECT e.id FROM webhook_endpoint e WHERE {_MAY} AND EXISTS (SELECT 1 FROM webhook_delivery d "  # noqa: S608
    "WHERE d.endpoint_id = e.id AND d.state = 'waiting' AND d.due_at <= ?) ORDER BY e.id"
)
_DUE = (
    "SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id "  # noqa: S608 - ours
    f"WHERE d.endpoint_id = ? AND {_MAY} AND d.state = 'waiting' AND d.due_at <= ? ORDER BY d.due_at, d.id LIMIT ?"
)
_CLAIMED = (
    "SELECT d.id, d.claim, d.attempts, v.key, v.body, e.id AS endpoint_id, e.url, e.secret, e.old_secret, e.old_until "
    "FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id JOIN webhook_endpoint e ON e.id = d.endpoint_id "
    "WHERE d.id IN ({marks}) AND d.claim = ? ORDER BY d.id"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call to make. `attempts` is how often it failed before; `secrets` sign it, the newest one first."""

    id: int
    claim: str
    attempts: int
    key: str
    body: bytes
    endpoint_id: int
    url: str
    secrets: tuple[str, ...]


async def spread(now: datetime) -> bool:
    """Make a delivery of each new event for each endpoint that wants it; whether there may be more.

    By two nodes at once, each delivery is made once.
    """
    async with transaction() as connection:
        events = await fetch(_UNSPREAD, (False, SPREAD), connection)
        if not events:
            return False
        rows = await fetch("SELECT id, events FROM webhook_endpoint WHERE state <> 'gone' ORDER BY id", (), connection)
        patterns = {row["id"]: msgspec.json.decode(row["events"]) for row in rows}
        given = [
            (one["id"], endpoint, now, as_time(one["at"]))
            for one in events
            for endpoint, wanted in patterns.items()
            if is_wanted(one["name"], wanted)
        ]
        await execute(connection, [(_GIVE, given), (_GIVEN, [(True, one["id"]) for one in events])])
    return len(events) == SPREAD


async def busy(now: datetime) -> list[int]:
    """The endpoints that may be called, and for which something is due."""
    return [row["id"] for row in await fetch(_BUSY, (now, now))]


async def claim(endpoint_id: int, most: int, now: datetime) -> list[Delivery]:
    """Take what is due for an endpoint, at most so much, the longest due first; for `CLAIM` nobody else gets it."""
    due = [row["id"] for row in await fetch(_DUE, (endpoint_id, now, now, most))]
    if not due:
        return []
    mine = secrets.token_hex(16)
    # Of two nodes that found the same rows, the second one finds that they are not due any more.
    take = (
        f"UPDATE webhook_delivery SET claim = ?, due_at = ? WHERE id IN ({marks(len(due))}) "  # noqa: S608 - ours
        "AND state = 'waiting' AND due_at <= ?"
    )
    async with transaction() as connection:
        await execute(connection, [(take, [(mine, now + CLAIM, *due, now)])])
    return [_delivery(row, now) for row in await fetch(_CLAIMED.format(marks=marks(len(due))), (*due, mine))]


def _delivery(row: dict[str, object], now: datetime) -> Delivery:
    until = as_time(row["old_until"])
    keys = (str(row["secret"]), *([str(row["old_secret"])] if until and until > now else []))
    return Delivery(
        id=int(str(row["id"])),
        claim=str(row["claim"]),
        attempts=int(str(row["attempts"])),
        key=str(row["key"]),
        body=str(row["body"]).encode(),
        endpoint_id=int(str(row["endpoint_id"])),
        url=str(row["url"]),
        secrets=keys,
    )


async def record(one: Delivery, posted: Posted, wait: float | None, took_ms: int, now: datetime) -> Stop:
    """How a call went; after one that failed, it is tried again after `wait` seconds, or never.

    Says why its endpoint was stopped by this, if it was: staff must hear of it.
    """
    state = "delivered" if posted.went_well else "waiting" if wait is not None else "failed"
    judged = not posted.went_well or await _fails(one.endpoint_id)
    async with transaction():
        if judged:
            # First: a delivery that is written holds its endpoint's row a little, and two that hold it a little would
            # wait for each other to have it whole.
            await locks.webhook_endpoint(one.endpoint_id)
        mine = await WebhookDelivery.filter(id=one.id, claim=one.claim).update(
            state=state,
            attempts=F("attempts") + 1,
            due_at=now + timedelta(seconds=wait or 0.0),
            claim="",
            status=posted.status,
            error=posted.error,
            answer=posted.answer,
            took_ms=took_ms,
            tried_at=now,
        )
        return await _judge(one.endpoint_id, posted, now) if judged and mine else ""


async def _fails(endpoint_id: int) -> bool:
    """Whether the calls before this one failed, which one that goes well ends."""
    return await WebhookEndpoint.filter(id=endpoint_id, failing_since__isnull=False).exists()


async def _judge(endpoint_id: int, posted: Posted, now: datetime) -> Stop:
    """What a call tells of its endpoint. A row is written only where something changes: many calls end at once."""
    active = WebhookEndpoint.filter(id=endpoint_id, state="active")
    if posted.went_well:
        await active.filter(failing_since__isnull=False).update(failing_since=None)
        return ""
    if posted.status == 410:
        return await _stopped(endpoint_id, "gone", await active.update(state="gone", updated_at=now), now)
    await active.filter(failing_since__isnull=True).update(failing_since=now)
    if posted.after is not None:
        await active.update(rest_until=now + timedelta(seconds=min(posted.after, LONGEST_REST)))
    late = active.filter(failing_since__lte=now - PATIENCE)
    return await _stopped(
        endpoint_id, "failing", await late.update(state="paused", reason="failing", updated_at=now), now
    )


async def _stopped(endpoint_id: int, why: Stop, changed: int, now: datetime) -> Stop:
    if not changed:
        return ""
    await audit.record(None, f"webhook.{why}", f"webhook:{endpoint_id}", now)
    return why
