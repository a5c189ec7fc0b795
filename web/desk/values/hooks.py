"""Shapes of the desk: who is told what happens, and how each call went."""

from __future__ import annotations

from typing import Annotated, TypedDict

from msgspec import Meta

from bot.services import webhook_endpoints as endpoints
from web.values import Cursor, Id, Number, Time, most, one_of


class Webhook(TypedDict):
    """Who is told what happens. `both_until`: two secrets sign. `waiting` and `failed` are deliveries.

    `reason` of a pause: "staff", or "failing" for days; `gone`: it answered 410.
    """

    id: int
    url: str
    events: list[str]
    state: Annotated[str, one_of(("active", "paused", "gone"))]
    reason: Annotated[str, one_of(("", "staff", "failing"))]
    failing_since: Time | None
    both_until: Time | None
    waiting: int
    failed: int
    created_at: Time


class Webhooks(TypedDict):
    """All webhooks, and the names of what happens."""

    items: list[Webhook]
    names: list[str]


class OneWebhook(TypedDict):
    """A webhook, as it is now."""

    webhook: Webhook


class SecretWebhook(OneWebhook):
    """A webhook with its secret, told this once."""

    secret: str


class Delivery(TypedDict):
    """One event for one webhook, and its last try; `error` is why there is no `status`.

    "timeout", "unreachable", or "private" for an address that is not called.
    """

    id: int
    key: str
    name: str
    subject: str
    state: Annotated[str, one_of(endpoints.STATES)]
    attempts: int
    due_at: Time
    status: int | None
    error: str
    answer: str
    took_ms: int | None
    tried_at: Time | None
    at: Time
    body: str


class Deliveries(TypedDict):
    """A page of a webhook's log, the newest first."""

    items: list[Delivery]
    next: Cursor


class Count(TypedDict):
    """How many."""

    count: int


class WrittenWebhook(TypedDict):
    """An address, and of what it is told."""

    url: Annotated[str, most(500)]
    events: Annotated[list[str], Meta(max_length=100)]


class Replay(TypedDict, total=False):
    """One delivery, or all that were given up of what happened since a time with its zone."""

    delivery: Id | None
    since: Time | None


class LogQuery(TypedDict, total=False):
    """Deliveries in a state; `before` is the `next` of the page before."""

    state: Annotated[str, one_of(("", *endpoints.STATES))]
    before: Number
