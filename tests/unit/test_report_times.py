"""Due times and periods against a brute-force model, in every time zone, around every clock change of 2024 to 2036."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.core.errors import BadInput
from bot.core.period import Period, chosen_days, last_period, midnight, offsets, period_between
from bot.services.report_times import check_cron, latest_time, next_time, period_kind


def _changes(zone: ZoneInfo) -> tuple[tuple[date, timedelta], ...]:
    """Local days on which the offset of noon is not that of the day before."""
    days = [date(2024, 1, 1) + timedelta(days=number) for number in range(13 * 366)]
    noons = [datetime.combine(day, time(12), zone).utcoffset() or timedelta() for day in days]
    return tuple((day, now) for day, now, then in zip(days[1:], noons[1:], noons[:-1], strict=True) if now != then)


@pytest.fixture(scope="module")
def zones() -> dict[str, tuple[date, ...]]:
    """One zone for each different set of clock changes, with the days of its changes."""
    found = {_changes(ZoneInfo(name)): name for name in sorted(available_timezones()) if name != "localtime"}
    assert len(found) > 20
    return {name: tuple(day for day, _ in changes) for changes, name in found.items()}


def _due(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("at", [time(0, 0), time(0, 30), time(2, 30), time(9, 0), time(23, 45)])
def test_a_daily_line_is_due_once_on_every_local_day(zones: dict[str, tuple[date, ...]], at: time) -> None:
    for zone, days in zones.items():
        for change in days[:8]:
            first = change - timedelta(days=2)
            wanted = [_due(first + timedelta(days=number), at, zone) for number in range(5)]
            moment, got = wanted[0] - timedelta(seconds=1), []
            for _ in wanted:
                moment = next_time(f"{at.minute} {at.hour} * * *", zone, moment)
                got.append(moment)
            assert got == wanted, (zone, change)


def test_every_moment_belongs_to_the_day_that_its_period_says(zones: dict[str, tuple[date, ...]]) -> None:
    for zone, days in zones.items():
        for change in days[:8]:
            for day in (change - timedelta(days=1), change, change + timedelta(days=1)):
                start = midnight(day, zone)
                assert start.astimezone(ZoneInfo(zone)).date() == day
                assert (start - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < day


def test_offsets_are_those_of_the_zone() -> None:
    start, end = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    stretches = offsets(start, end, "Australia/Lord_Howe")  # moves by half an hour
    assert [offset for _, offset in stretches] == [39600, 37800, 39600]
    assert stretches[1][0] == int(datetime(2026, 4, 4, 15, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("cron", "day"),
    [
        ("0 9 * * mon", date(2026, 11, 23)),
        ("0 9 * * 1", date(2026, 11, 23)),  # cron's Monday
        ("0 9 * * 0", date(2026, 11, 29)),
        ("0 9 * * 7", date(2026, 11, 29)),
        ("0 9 * * 2-4", date(2026, 11, 24)),
        ("0 9 * * sat,sun", date(2026, 11, 28)),
        ("0 9 1 * *", date(2026, 12, 1)),
        ("0 9 29 2 *", date(2028, 2, 29)),
    ],
)
def test_lines_mean_what_cron_means(cron: str, day: date) -> None:
    sunday_noon = datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert next_time(cron, "Asia/Shanghai", sunday_noon) == _due(day, time(9), "Asia/Shanghai")


@pytest.mark.parametrize(
    "cron",
    ["", "0 9 * *", "* 9 * * *", "0 */2 * * *", "0 25 * * *", "0 9 1 * mon", "0 9 * * 8", "0 9 30 2 *", "x y z a b"],
)
def test_other_lines_are_refused(cron: str) -> None:
    with pytest.raises(BadInput):
        next_time(cron, "UTC", datetime(2026, 1, 1, tzinfo=UTC))


def test_missed_times_count_as_one() -> None:
    first = _due(date(2026, 11, 2), time(9), "Asia/Shanghai")
    now = _due(date(2026, 11, 24), time(8), "Asia/Shanghai")
    assert latest_time("0 9 * * mon", "Asia/Shanghai", first, now) == _due(date(2026, 11, 23), time(9), "Asia/Shanghai")


def test_what_a_report_is_about_follows_from_its_times() -> None:
    kinds = {"0 9 * * mon": "week", "0 9 * * 1": "week", "0 9 1 * *": "month", "0 9 * * *": "day", "0 9 * * 1-5": "day"}
    assert {cron: period_kind(cron) for cron in kinds} == kinds
    assert check_cron("0 9 * * MON")[4] == "mon"


def test_last_periods() -> None:
    now = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # Monday 00:30 in Shanghai
    assert last_period("day", now, "Asia/Shanghai").first == date(2026, 11, 22)
    assert last_period("week", now, "Asia/Shanghai").first == date(2026, 11, 16)
    assert last_period("week", now, "Europe/Berlin").first == date(2026, 11, 9)
    month = last_period("month", now, "Asia/Shanghai")
    assert (month.first, month.end, month.previous.first) == (date(2026, 10, 1), date(2026, 11, 1), date(2026, 9, 1))
    assert month.starts_at == datetime(2026, 9, 30, 16, tzinfo=UTC)


def test_a_period_keeps_its_kind_through_its_moments() -> None:
    week = last_period("week", datetime(2026, 11, 22, tzinfo=UTC), "America/New_York")
    assert period_between(week.starts_at, week.ends_at, week.timezone) == week
    february = Period("month", date(2028, 2, 1), date(2028, 3, 1), "UTC")
    assert period_between(february.starts_at, february.ends_at, "UTC") == february
    chosen = chosen_days(date(2026, 11, 3), date(2026, 11, 9), "Asia/Shanghai")
    assert (chosen.days, chosen.previous.first) == (7, date(2026, 10, 27))
    assert period_between(chosen.starts_at, chosen.ends_at, chosen.timezone) == chosen
    assert chosen.key == "days/2026-11-03/2026-11-10/Asia/Shanghai"


def test_keys_fit_their_column() -> None:
    assert (
        max(len(Period("days", date(2026, 1, 1), date(2026, 2, 1), zone).key) for zone in available_timezones()) <= 80
    )


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 1, 2), date(2026, 1, 1)),
        (date(2000, 1, 1), date(2026, 1, 1)),
        (date.max, date.max),
        (date.min, date.min),
    ],
)
def test_impossible_periods_are_refused(first: date, last: date) -> None:
    with pytest.raises(BadInput):
        chosen_days(first, last, "UTC")
    with pytest.raises(BadInput):
        chosen_days(first, first, "Mars/Olympus")
