"""When a subscription is due: five-field cron lines in a time zone, right through every clock change.

A time that the clocks skip is due that much later (02:30 at 03:30), and one that comes twice is due the first time; so
there is exactly one due time for every local day that the line names.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

from bot.core.errors import BadInput
from bot.core.period import Kind, zone

#: cron counts the week from Sunday; the parser that we use counts from Monday. Names mean the same to both.
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


def check_cron(cron: str) -> tuple[str, str, str, str, str]:
    """The fields of a line like `0 9 * * mon`: minute, hour, day, month, weekday. Raises `BadInput`.

    The minute and the hour are one number each: a report is about days, so more often than daily makes no sense.
    """
    fields = cron.lower().split()
    if len(fields) != 5:
        raise BadInput(f"{cron!r} is not a time like '0 9 * * mon': minute, hour, day, month, weekday")
    minute, hour, day, month, weekday = fields
    if not (minute.isdecimal() and hour.isdecimal()):
        raise BadInput("a report comes at most once a day: minute and hour are one number each")
    if day != "*" and weekday != "*":
        raise BadInput("name a day of the month or a weekday, not both")
    return minute, hour, day, month, weekday


def _trigger(cron: str) -> CronTrigger:
    minute, hour, day, month, weekday = check_cron(cron)
    named = re.sub(r"(?<![/\d])[0-7](?!\d)", lambda digit: WEEKDAYS[int(digit[0])], weekday)
    try:
        # The wall clock as if it were UTC: what it means in the zone is decided below.
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=named, timezone=UTC)
    except ValueError as error:
        raise BadInput(f"{cron!r} is not a time that we understand: {error}") from error


def next_time(cron: str, timezone: str, after: datetime) -> datetime:
    """The first due time later than `after`, aware UTC. Raises `BadInput`, also for a line that never comes."""
    trigger, where = _trigger(cron), zone(timezone)
    # No clock jumps by more than a day, so a wall time this early covers every candidate.
    wall = after.astimezone(where).replace(tzinfo=UTC) - timedelta(days=1)
    while found := trigger.get_next_fire_time(None, wall):
        moment: datetime = found.replace(tzinfo=where).astimezone(UTC)
        if moment > after:
            return moment
        wall = found + timedelta(minutes=1)
    raise BadInput(f"{cron!r} never comes")


def latest_time(cron: str, timezone: str, first: datetime, now: datetime) -> datetime:
    """The last due time up to `now`; `first` is one, and not later than `now`."""
    while (following := next_time(cron, timezone, first)) <= now:
        first = following
    return first


def period_kind(cron: str) -> Kind:
    """What a report at these times is about: a day of the month means the month, one weekday the week, else the day."""
    _, _, day, _, weekday = check_cron(cron)
    if day != "*":
        return "month"
    return "week" if re.fullmatch(r"[0-7]|[a-z]{3}", weekday) else "day"
