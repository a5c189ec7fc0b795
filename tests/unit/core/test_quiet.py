"""Quiet hours: dense through nights, midnights and both clock changes, in zones of every kind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.quiet import NEVER, QuietHours, moment, parse

NIGHT = parse("22:00-08:00", "Asia/Shanghai")
NOON = parse("12:30-14:00", "Asia/Shanghai")
#: Zones with a change at 02:00, at 01:00 UTC, at midnight, of half an hour, of a skipped day, and without any.
ZONES = (
    "America/New_York", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Shanghai",
    "Asia/Kathmandu", "Africa/Cairo", "UTC",
)  # fmt: skip


def at(text: str, zone: str = "Asia/Shanghai", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-22 21:59:59.999", None),
        ("2026-11-22 22:00", "2026-11-23 08:00"),
        ("2026-11-22 23:59:59", "2026-11-23 08:00"),
        ("2026-11-23 00:00", "2026-11-23 08:00"),
        ("2026-11-23 07:59:59.999", "2026-11-23 08:00"),
        ("2026-11-23 08:00", None),
        ("2026-12-31 23:00", "2027-01-01 08:00"),
        ("2028-02-28 23:00", "2028-02-29 08:00"),
    ],
)
def test_a_night_begins_and_ends_on_time_and_crosses_midnight(now: str, until: str | None) -> None:
    assert NIGHT.until(at(now)) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("now", "until"), [("12:29", None), ("12:30", "14:00"), ("13:59", "14:00"), ("14:00", None), ("00:10", None)]
)
def test_a_rest_at_noon_stays_within_its_day(now: str, until: str | None) -> None:
    assert NOON.until(at(f"2026-11-22 {now}")) == (at(f"2026-11-22 {until}") if until else None)


def test_the_persons_own_clock_counts_where_it_is_known() -> None:
    now = at("2026-11-22 23:00")  # 16:00 in Berlin, 10:00 in New York
    assert NIGHT.until(now, "Europe/Berlin") is None
    assert NIGHT.until(now, "") == NIGHT.until(now, "Mars/Olympus") == at("2026-11-23 08:00")
    assert NIGHT.until(at("2026-11-22 12:00"), "America/New_York") == at("2026-11-22 08:00", "America/New_York")


@pytest.mark.parametrize("zone", ["/etc/passwd", "../UTC", "\0", "x" * 64])
def test_a_zone_that_is_none_is_the_shops(zone: str) -> None:
    assert NIGHT.until(at("2026-11-22 23:00"), zone) == at("2026-11-23 08:00")


def test_a_shop_without_quiet_hours_has_none_at_any_time() -> None:
    assert [NEVER.until(at(f"2026-11-22 {hour:02}:30")) for hour in range(24)] == [None] * 24
    assert parse(" ", "UTC").until(at("2026-11-22 23:00")) is None
    assert parse("08:00-08:00", "UTC").until(at("2026-11-22 08:00", "UTC")) is None


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("span", "now", "until"),
    [
        # Spring: 02:00 is 03:00. The night is an hour shorter, and ends on the clock's time.
        ("22:00-08:00", at("2026-03-07 23:00", NEW_YORK), "2026-03-08 12:00"),
        ("22:00-08:00", at("2026-03-08 07:59", NEW_YORK), "2026-03-08 12:00"),
        # One that would end at 02:30 ends with the jump; one that would begin then begins with it.
        ("22:00-02:30", datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), "2026-03-08 07:00"),
        ("22:00-02:30", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), None),
        ("02:30-06:00", datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC), None),
        ("02:30-06:00", datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "2026-03-08 10:00"),
        # Autumn: 02:00 is 01:00 again. The night is an hour longer; a time that comes twice is the first one.
        ("22:00-08:00", at("2026-10-31 23:00", NEW_YORK), "2026-11-01 13:00"),
        ("22:00-01:30", at("2026-11-01 01:29", NEW_YORK, fold=0), "2026-11-01 05:30"),
        ("22:00-01:30", at("2026-11-01 01:45", NEW_YORK, fold=0), None),
        ("22:00-01:30", at("2026-11-01 01:15", NEW_YORK, fold=1), None),
        ("01:30-06:00", at("2026-11-01 01:15", NEW_YORK, fold=1), "2026-11-01 11:00"),
    ],
)
def test_clock_changes(span: str, now: datetime, until: str | None) -> None:
    found = parse(span, NEW_YORK).until(now)
    assert found == (datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None)


def test_a_midnight_that_is_skipped_is_the_moment_of_the_jump() -> None:
    """In Santiago the clocks go from 24:00 to 01:00."""
    jump = datetime(2026, 9, 6, 4, 0, tzinfo=UTC)
    assert moment(date(2026, 9, 6), time(0, 0), ZoneInfo("America/Santiago")) == jump
    assert parse("20:00-00:30", "America/Santiago").until(jump - timedelta(minutes=1)) == jump


def test_a_day_that_is_skipped_has_no_night_of_its_own() -> None:
    """Apia had no 30 December 2011: the night of the 29th ends on the 31st."""
    zone = "Pacific/Apia"
    assert parse("22:00-08:00", zone).until(at("2011-12-29 23:00", zone)) == at("2011-12-31 00:00", zone)


MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
MOMENTS = st.integers(0, 6 * 366 * 24 * 60).map(
    lambda minute: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
)


@given(MINUTES, MINUTES, MOMENTS, st.sampled_from(ZONES))
def test_quiet_hours_always_end_later_within_a_day_and_are_over_then(
    start: time, end: time, now: datetime, zone: str
) -> None:
    hours = QuietHours(start, end, zone)
    until = hours.until(now)
    if until is None:
        return
    assert now < until <= now + timedelta(hours=25)
    over = hours.until(until)
    assert over is None or over > until


@given(MINUTES, MINUTES, MOMENTS)
def test_without_clock_changes_it_is_what_the_clock_says(start: time, end: time, now: datetime) -> None:
    shown = now.astimezone(ZoneInfo("Asia/Shanghai")).time()
    inside = start <= shown < end if start <= end else shown >= start or shown < end
    assert (QuietHours(start, end, "Asia/Shanghai").until(now) is not None) == inside


@pytest.mark.parametrize("text", ["22-8", "24:00-08:00", "22:60-08:00", "22:00", "22:00-08:00-09:00", "night"])
def test_what_is_no_span_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(ValueError, match="like 22:00-08:00"):
        parse(text, "UTC")
