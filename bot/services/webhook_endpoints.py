"""The endpoints of webhooks as staff make and change them, and the log of what was told to each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bot.core.errors import BadInput, Refused
from bot.core.webhooks import TEST, is_pattern, new_secret
from bot.services import audit, order_states, webhooks
from models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from models.database import fetch

#: Endpoints at most: each of them has calls of its own under way.
MOST = 20
#: For so long the secret before the last one signs as well.
BOTH = timedelta(hours=24)
PAGE = 50
_URL = 500  # characters
_PLAIN = re.compile(r"[!-~]+")  # others are to be written as they are called
STATES = ("waiting", "delivered", "failed")
#: Of more than so many only that is told: a page is not to wait while a million are counted.
MOST_COUNTED = 10_000
_COUNT = (
    "SELECT count(*) AS n FROM (SELECT id FROM webhook_delivery WHERE endpoint_id = ? AND state = ? LIMIT ?) AS counted"
)

#: What happens, by what it is about. States of orders are in their own table.
NAMES: dict[str, tuple[str, ...]] = {
    "order": (*order_states.STATES, "changed"),
    "payment": (
        "created", "opened", "received", "settled", "failed", "mismatch", "late", "disputed", "refund",
        "refunded", "refund_failed", "refund_unknown",
    ),
    "review": ("received", "accepted", "rejected"),
    "conversation": ("opened", "waiting", "taken", "given_back", "closed"),
    "message": ("received", "sent"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint without its secret. `reason` of a pause: "staff" | "failing"; `both_until`: two secrets sign."""

    id: int
    url: str
    events: tuple[str, ...]
    state: str  # active | paused | gone
    reason: str
    failing_since: datetime | None
    both_until: datetime | None
    waiting: int
    failed: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: an event for this endpoint, and how its last try went."""

    id: int
    key: str  # the webhook-id
    name: str
    subject: str
    state: str  # waiting | delivered | failed
    attempts: int
    due_at: datetime
    status: int | None
    error: str
    answer: str
    took_ms: int | None
    tried_at: datetime | None
    at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Log:
    """A page, newest first; `next` is the cursor of the page behind it."""

    items: tuple[Entry, ...]
    next: int | None


def names() -> tuple[str, ...]:
    """Every event that there is, by its whole name."""
    return tuple(f"{group}.{name}" for group, known in NAMES.items() for name in known)


async def everyone(now: datetime) -> tuple[EndpointView, ...]:
    """All endpoints, the oldest first."""
    rows = await WebhookEndpoint.all().order_by("id")
    counts = await _counts([row.id for row in rows])
    return tuple(_view(row, counts, now) for row in rows)


async def view(id_: int, now: datetime) -> EndpointView:
    """One of them. Raises `Refused("no_webhook")`."""
    row = await _get(id_)
    return _view(row, await _counts([id_]), now)


async def create(url: str, events: Sequence[str], plain: bool, staff_id: int | None, now: datetime) -> tuple[int, str]:
    """Its id, and its secret, which is shown this once. Without TLS only where `plain` is true.

    Raises `Refused`: "bad_webhook_url", "webhook_tls", "bad_events", "too_many_webhooks"(most).
    """
    if await WebhookEndpoint.all().count() >= MOST:
        raise Refused("too_many_webhooks", most=MOST)
    secret = new_secret()
    row = await WebhookEndpoint.create(
        url=_checked(url, plain), events=_patterns(events), secret=secret, created_at=now, updated_at=now
    )
    await audit.record(staff_id, "webhook.create", f"webhook:{row.id}", now)
    webhooks.forget()
    return row.id, secret


async def change(id_: int, url: str, events: Sequence[str], plain: bool, staff_id: int | None, now: datetime) -> None:
    """Another address, or other events. Raises as `create`, and `Refused("no_webhook")`."""
    row = await _get(id_)
    row.url, row.events, row.updated_at = _checked(url, plain), _patterns(events), now
    await row.save(update_fields=["url", "events", "updated_at"])
    await audit.record(staff_id, "webhook.change", f"webhook:{id_}", now)
    webhooks.forget()


async def pause(id_: int, staff_id: int | None, now: datetime) -> None:
    """No call is made; what happens is collected. Raises `Refused("no_webhook")`."""
    await _set(id_, "pause", staff_id, now, state="paused", reason="staff")


async def resume(id_: int, staff_id: int | None, now: datetime) -> None:
    """Calls are made again, those that waited first. Raises `Refused("no_webhook")`."""
    await _set(id_, "resume", staff_id, now, state="active", reason="", failing_since=None, rest_until=None)


async def rotate(id_: int, staff_id: int | None, now: datetime) -> str:
    """A new secret, shown this once; for `BOTH` the one before signs as well. Raises `Refused("no_webhook")`."""
    row, secret = await _get(id_), new_secret()
    await _set(id_, "rotate", staff_id, now, secret=secret, old_secret=row.secret, old_until=now + BOTH)
    return secret


async def remove(id_: int, staff_id: int | None, now: datetime) -> None:
    """With its log. Raises `Refused("no_webhook")`."""
    if not await WebhookEndpoint.filter(id=id_).delete():
        raise Refused("no_webhook")
    await audit.record(staff_id, "webhook.remove", f"webhook:{id_}", now)
    webhooks.forget()


async def test(id_: int, staff_id: int | None, now: datetime) -> None:
    """Tell it, and no other, of an event that says nothing. Raises `Refused("no_webhook")`."""
    await _get(id_)
    _, name, subject, body, _, _ = webhooks.event(TEST, f"webhook:{id_}", {"endpoint": id_}, now)
    told = await WebhookEvent.create(key=webhooks.new_key(), name=name, subject=subject, body=body, spread=True, at=now)
    await WebhookDelivery.create(event_id=told.id, endpoint_id=id_, due_at=now, created_at=now)
    await audit.record(staff_id, "webhook.test", f"webhook:{id_}", now)


async def log(id_: int, state: str = "", before: int | None = None, limit: int = PAGE) -> Log:
    """What was told to an endpoint, or is to be. Raises `BadInput` for another state, `Refused("no_webhook")`."""
    if state and state not in STATES:
        raise BadInput(f"{state!r} is no state of a delivery; it is one of {', '.join(STATES)}")
    await _get(id_)
    rows = WebhookDelivery.filter(endpoint_id=id_, **({"state": state} if state else {}))
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = await rows.order_by("-id").limit(limit + 1).select_related("event")
    return Log(tuple(_entry(row) for row in found[:limit]), found[limit - 1].id if len(found) > limit else None)


async def replay(id_: int, delivery_id: int, staff_id: int | None, now: datetime) -> None:
    """Tell it once more, with the same webhook-id and all its tries. Raises `Refused("no_webhook")`."""
    one = WebhookDelivery.filter(id=delivery_id, endpoint_id=id_)
    if not await one.update(state="waiting", attempts=0, due_at=now, claim=""):
        raise Refused("no_webhook")
    await audit.record(staff_id, "webhook.replay", f"webhook:{id_}", now)


async def replay_failed(id_: int, since: datetime, staff_id: int | None, now: datetime) -> int:
    """Everything that happened since then and was given up; how many those are. Raises `Refused("no_webhook")`."""
    await _get(id_)
    failed = WebhookDelivery.filter(endpoint_id=id_, state="failed", created_at__gte=since)
    count = await failed.update(state="waiting", attempts=0, due_at=now, claim="")
    await audit.record(staff_id, "webhook.replay", f"webhook:{id_}", now)
    return count


def _checked(url: str, plain: bool) -> str:
    """Raises `Refused`: "bad_webhook_url", "webhook_tls"."""
    url = url.strip()
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port != 0 and parts.username is None and not parts.fragment
    except ValueError:
        whole = False
    if not whole or len(url) > _URL or parts.scheme not in ("https", "http") or not _PLAIN.fullmatch(url):
        raise Refused("bad_webhook_url")
    if parts.scheme == "http" and not plain:
        raise Refused("webhook_tls")
    return url


def _patterns(events: Sequence[str]) -> str:
    """Raises `Refused("bad_events")`."""
    wanted = list(dict.fromkeys(events))
    if not wanted or len(wanted) > 100 or not all(is_pattern(one) for one in wanted):
        raise Refused("bad_events")
    return msgspec.json.encode(wanted).decode()


async def _set(id_: int, action: str, staff_id: int | None, now: datetime, **values: Any) -> None:
    if not await WebhookEndpoint.filter(id=id_).update(updated_at=now, **values):
        raise Refused("no_webhook")
    await audit.record(staff_id, f"webhook.{action}", f"webhook:{id_}", now)
    webhooks.forget()


async def _get(id_: int) -> WebhookEndpoint:
    row = await WebhookEndpoint.get_or_none(id=id_)
    if row is None:
        raise Refused("no_webhook")
    return row


async def _counts(ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """How many wait, and how many failed, by endpoint: no more are counted than `MOST_COUNTED`."""
    found: dict[tuple[int, str], int] = {}
    for id_ in ids:
        for state in ("waiting", "failed"):
            rows = await fetch(_COUNT, [id_, state, MOST_COUNTED])
            found[id_, state] = int(rows[0]["n"])
    return found


def _view(row: WebhookEndpoint, counts: dict[tuple[int, str], int], now: datetime) -> EndpointView:
    return EndpointView(
        id=row.id,
        url=row.url,
        events=tuple(msgspec.json.decode(row.events)),
        state=row.state,
        reason=row.reason,
        failing_since=row.failing_since,
        both_until=row.old_until if row.old_until and row.old_until > now else None,
        waiting=counts.get((row.id, "waiting"), 0),
        failed=counts.get((row.id, "failed"), 0),
        created_at=row.created_at,
    )


def _entry(row: WebhookDelivery) -> Entry:
    return Entry(
        id=row.id,
        key=row.event.key,
        name=row.event.name,
        subject=row.event.subject,
        state=row.state,
        attempts=row.attempts,
        due_at=row.due_at,
        status=row.status,
        error=row.error,
        answer=row.answer,
        took_ms=row.took_ms,
        tried_at=row.tried_at,
        at=row.event.at,
        body=row.event.body,
    )
