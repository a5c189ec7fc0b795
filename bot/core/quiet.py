"""Quiet hours: the stretch of the night in which nobody is sent what nobody waits for, exact through clock changes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]\d|2[0-3]):([0-5]\d)")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` up to, not including, `end` on a person's clock, over midnight where `end` is the earlier one.

    `zone` is the shop's, for whoever's own is not known. Where both times are the same there are no quiet hours.
    """

    start: time = time()
    end: time = time()
    zone: str = "UTC"

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self.start != self.end

    def until(self, now: datetime, zone: str = "") -> datetime | None:
        """When the quiet hours end in which `now` lies, aware UTC; None outside of them. `zone` is the person's own."""
        if not self:
            return None
        where = _zone(zone) or _zone(self.zone) or UTC
        today = now.astimezone(where).date()
        # Those that began yesterday may last; tomorrow's may have begun where the clocks went back over midnight.
        for day in (today - _DAY, today, today + _DAY):
            ends = day + _DAY if self.end < self.start else day
            begins_at, ends_at = moment(day, self.start, where), moment(ends, self.end, where)
            if begins_at <= now < ends_at:
                return ends_at
        return None


#: A shop without quiet hours.
NEVER = QuietHours()


def parse(text: str, zone: str) -> QuietHours:
    """`22:00-08:00` on the clocks of `zone`; "" is never. Raises `ValueError`."""
    if not text.strip():
        return QuietHours(zone=zone)
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} are no quiet hours; write them like 22:00-08:00, or leave them empty")
    first, second, third, fourth = (int(part) for part in found.groups())
    return QuietHours(time(first, second), time(third, fourth), zone)


def moment(day: date, at: time, where: tzinfo) -> datetime:
    """When a clock there first shows this time, aware UTC; a time that is skipped is the moment of the jump."""
    wanted = datetime.combine(day, at, where)
    found = wanted.astimezone(UTC)
    if found.astimezone(where).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return found
    return _jump(wanted.replace(fold=1).astimezone(UTC), found, where)


def _jump(before: datetime, after: datetime, where: tzinfo) -> datetime:
    """The second of the clock change that lies between the two, by halving."""
    offset = before.astimezone(where).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(where).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _zone(name: str) -> ZoneInfo | None:
    """The zone of a name of the IANA database; None for any other text, since people's own come from outside."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
