"""Shapes of the desk: reports, their runs, and who gets them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

from web.values import Id, Time, most, one_of


class Run(TypedDict):
    """One run of a report."""

    id: int
    report: str
    slot: str
    period_start: Time
    period_end: Time
    timezone: str
    state: Annotated[str, one_of(("due", "running", "done", "failed"))]
    progress: str
    error: str
    created_at: Time
    finished_at: Time | None


class ChatName(TypedDict):
    """Which conversation."""

    id: int
    name: str
    channel: str


class Subscription(TypedDict):
    """Who gets a report, and when."""

    id: int
    report: str
    cron: str
    timezone: str
    next_at: Time | None
    staff: str
    conversation: ChatName


class Report(TypedDict):
    """A report that there is."""

    name: str
    title: str
    description: str
    next_at: Time | None
    last: Run | None
    subscriptions: list[Subscription]


class Reports(TypedDict):
    """All reports."""

    reports: list[Report]


class Runs(TypedDict):
    """The last runs of a report."""

    items: list[Run]


class OneRun(TypedDict):
    """A run, as it is now."""

    run: Run


class RunResult(OneRun):
    """A run; what it found is for pages to draw, null while there is nothing, and its files are signed links."""

    result: dict[str, Any] | None
    picture: str
    sheet: str


class OneSubscription(TypedDict):
    """A subscription that was made."""

    subscription: Subscription | None


class RunWish(TypedDict, total=False):
    """The last whole `period`; or days, both included, in the time zone of whoever asks."""

    period: Literal["day", "week", "month"]
    start: Annotated[str, Meta(extra_json_schema={"format": "date"})] | None
    end: Annotated[str, Meta(extra_json_schema={"format": "date"})]


class RunQuery(TypedDict, total=False):
    """In another language than the reader's."""

    lang: str


class Subscribing(TypedDict):
    """Send a report to a conversation at these times."""

    report: Annotated[str, most(32)]
    conversation_id: Id
    cron: Annotated[str, most(64)]
    timezone: Annotated[str, most(64)]
