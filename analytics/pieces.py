"""The numbers, charts and tables that several reports show, in the words of a language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from analytics import words
from analytics.report import Cell, Chart, Headline, ResultTable, Row, Series, TableColumn, Unit, whole
from analytics.words import pick
from bot.core.period import Period


def grouped(rows: Sequence[Row], key: str) -> dict[Cell, list[Row]]:
    """The rows by their value of `key`."""
    groups: dict[Cell, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)


def split(rows: Sequence[Row], period: Period) -> tuple[list[Row], list[Row]]:
    """The rows whose `day` (days since 1970-01-01) is in the period, and those of the one before."""
    first = words.days_of(period)[0]
    now = [row for row in rows if whole(row["day"]) >= first]
    return now, [row for row in rows if whole(row["day"]) < first]


def compared(
    label: str, value: str, now: float, before: float, language: str, *, more_is_good: bool = True
) -> Headline:
    """A number that matters, with its growth since the period before."""
    growth = words.change(now, before)
    return Headline(label, value, words.signed(growth, language), words.mood(growth, more_is_good=more_is_good))


def days_beside(
    title: str, values: Callable[[int], int], period: Period, language: str, unit: Unit, currency: str = ""
) -> Chart:
    """Bars of a value by day (days since 1970-01-01), beside those of the period before where there were any."""
    now = [values(day) for day in words.days_of(period)]
    before = [values(day) for day in words.days_of(period.previous)]
    series = [Series(pick(language, "This period", "本期"), now)]
    if len(before) == len(now) and any(before):
        series.append(Series(words.before(period, language).capitalize(), before))
    return Chart("bar", title, words.day_labels(period, language) if any(now) else [], series, unit, currency)


def by_channel(
    title: str, label: str, values: Sequence[tuple[str, float]], language: str, unit: Unit, currency: str = ""
) -> Chart:
    """A bar for the value of each account, in its channel's colour."""
    names = [words.channel_name(account, language) for account, _ in values]
    colours = [words.channel_colour(account) for account, _ in values]
    return Chart("hbar", title, names, [Series(label, [value for _, value in values])], unit, currency, colours)


def day_table(
    columns: Sequence[TableColumn], cells: Callable[[int], Sequence[Cell]], period: Period, language: str
) -> ResultTable:
    """A row for each day of the period; `cells` gets it as days since 1970-01-01."""
    days = zip(period.dates(), words.days_of(period), strict=True)
    rows = [(day.isoformat(), *cells(number)) for day, number in days]
    first = TableColumn(pick(language, "Day", "日期"), "date")
    return ResultTable(pick(language, "By day", "按日"), [first, *columns], rows)


def channel_table(
    columns: Sequence[TableColumn], rows: Sequence[tuple[str, Sequence[Cell]]], language: str
) -> ResultTable:
    """A row for each account."""
    named = [(words.channel_name(account, language), *cells) for account, cells in rows]
    first = TableColumn(pick(language, "Channel", "渠道"), "text")
    return ResultTable(pick(language, "By channel", "按渠道"), [first, *columns], named)


def product_table(
    columns: Sequence[TableColumn], rows: Sequence[tuple[str, str, Sequence[Cell]]], language: str
) -> ResultTable:
    """A row for each product: its name, its sku and the cells."""
    first = [TableColumn(pick(language, "Product", "商品"), "text"), TableColumn("SKU", "text")]
    named = [(name, sku, *cells) for name, sku, cells in rows]
    return ResultTable(pick(language, "By product", "按商品"), [*first, *columns], named)
