"""The stretch of local days, weeks or months that a report is about, exact through every clock change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.errors import BadInput

Kind = Literal["day", "week", "month", "days"]
QUARTER = 900


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days: from midnight of `first` up to, not including, midnight of `end`, in an IANA `timezone`."""

    kind: Kind  # "days" is a stretch that somebody chose
    first: date
    end: date
    timezone: str

    @property
    def starts_at(self) -> datetime:
        """The first moment, aware UTC."""
        return midnight(self.first, self.timezone)

    @property
    def ends_at(self) -> datetime:
        """The first moment after, aware UTC."""
        return midnight(self.end, self.timezone)

    @property
    def days(self) -> int:
        """How many local days."""
        return (self.end - self.first).days

    def dates(self) -> Iterator[date]:
        """Every local day, in order."""
        return (self.first + timedelta(days=number) for number in range(self.days))

    @property
    def previous(self) -> Period:
        """The same length just before; for a month the month before, however long."""
        first = _month_before(self.first) if self.kind == "month" else self.first - timedelta(days=self.days)
        return Period(self.kind, first, self.first, self.timezone)

    @property
    def key(self) -> str:
        """The period's name within a report's slots: `week/2026-11-16/Asia/Shanghai`, at most 80 characters."""
        return "/".join((self.kind, self.first.isoformat(), *self._length(), self.timezone))

    def _length(self) -> tuple[str, ...]:
        return (self.end.isoformat(),) if self.kind == "days" else ()


def zone(name: str) -> ZoneInfo:
    """The IANA time zone, or `BadInput`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{name!r} is not a time zone; write it like Asia/Shanghai") from error


def midnight(day: date, timezone: str) -> datetime:
    """When a local day begins: the first midnight where there are two, the moment of the jump where there is none."""
    local = datetime.combine(day, time(), zone(timezone))
    moment = local.astimezone(UTC)
    if moment.astimezone(local.tzinfo).date() == day:
        return moment
    return _first_moment_of(day, moment, local)


def _first_moment_of(day: date, before: datetime, local: datetime) -> datetime:
    """Where midnight was skipped, the day begins with the jump: look for it by halving."""
    after = before + timedelta(hours=6)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(local.tzinfo).date() < day:
            before = middle
        else:
            after = middle
    return after


def last_period(kind: Kind, now: datetime, timezone: str) -> Period:
    """The latest whole day, week (from Monday) or month that has ended by `now`."""
    today = now.astimezone(zone(timezone)).date()
    if kind == "day":
        return Period(kind, today - timedelta(days=1), today, timezone)
    if kind == "week":
        monday = today - timedelta(days=today.weekday())
        return Period(kind, monday - timedelta(days=7), monday, timezone)
    if kind == "month":
        first = today.replace(day=1)
        return Period(kind, _month_before(first), first, timezone)
    raise BadInput(f"{kind!r} is not day, week or month")


def chosen_days(first: date, last: date, timezone: str) -> Period:
    """The days from `first` to `last`, both included; at most ten years. Raises `BadInput`."""
    zone(timezone)
    if last < first:
        raise BadInput(f"the period ends on {last}, before it starts on {first}")
    if first.year < 1970 or last.year > 9998:  # beyond these a day has no midnight everywhere
        raise BadInput("a report is about days from 1970 to 9998")
    if (last - first).days > 3660:
        raise BadInput("a report covers at most ten years")
    return Period("days", first, last + timedelta(days=1), timezone)


def period_between(start: datetime, end: datetime, timezone: str) -> Period:
    """The period that starts and ends at these moments; called a day, week (from Monday) or month when it is one."""
    where = zone(timezone)
    first, last = start.astimezone(where).date(), end.astimezone(where).date()
    days = (last - first).days
    if days < 1:
        raise BadInput("a report covers at least one whole day")
    if days == 1:
        return Period("day", first, last, timezone)
    if days == 7 and first.weekday() == 0:
        return Period("week", first, last, timezone)
    is_month = first.day == 1 and last.day == 1 and _month_before(last) == first
    return Period("month" if is_month else "days", first, last, timezone)


def offsets(start: datetime, end: datetime, timezone: str) -> list[tuple[int, int]]:
    """(from when on, the offset from UTC), both in seconds, for each stretch of `[start, end)` with one offset."""
    where = zone(timezone)

    def offset(at: int) -> int:
        return int((datetime.fromtimestamp(at, where).utcoffset() or timedelta()).total_seconds())

    first, last = int(start.timestamp()), int(end.timestamp())
    stretches = [(first, offset(first))]
    # Every clock change of our time falls on a whole quarter of an hour of UTC.
    for at in range(first - first % QUARTER + QUARTER, last, QUARTER):
        if offset(at) != stretches[-1][1]:
            stretches.append((at, offset(at)))
    return stretches


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)
