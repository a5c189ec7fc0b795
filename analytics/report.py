"""What a report declares, what it tells, and the list of all reports.

A new report is one file in `analytics/reports` with a `REPORT`, and its test. Nothing here imports Spark: the bot
process lists the reports, and a child process makes them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

import analytics.reports
from bot.core.errors import BadInput
from bot.core.period import Period
from bot.core.report import ReportInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Unit = Literal["money", "count", "stars", "seconds", "percent", "text", "date"]
Cell = str | int | float | None
Row = Mapping[str, Cell]
Tables = Callable[[str], "DataFrame"]
"""Gives a table of the lake by name (see `analytics/tables.py`), with the rows of the period and the one before."""


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the three numbers that matter, ready to read; `change` against the previous period, or empty."""

    label: str
    value: str
    change: str = ""
    mood: Literal["", "good", "bad"] = ""  # whether the change is welcome


@dataclass(frozen=True, slots=True)
class Series:
    """Values in the chart's unit: money in minor units, seconds, percent from 0 to 100; None where there is none."""

    name: str
    values: Sequence[int | float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """One question, its answer in the title."""

    kind: Literal["bar", "line", "hbar"]
    title: str
    x: Sequence[str]
    series: Sequence[Series]
    unit: Unit
    currency: str = ""
    colours: Sequence[str] = ()  # of an hbar's bars, "#rrggbb", where the colour means something


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a result's table; `currency` where the unit is money."""

    name: str
    unit: Unit
    currency: str = ""


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Dates are ISO text, money integers of minor units."""

    title: str
    columns: Sequence[TableColumn]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Result:
    """A finished report in one language; `words` are the three sentences of its message."""

    title: str
    period: str
    headline: Sequence[Headline]
    charts: Sequence[Chart]
    tables: Sequence[ResultTable]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """`reads` names the lake's tables. `build` is Spark: it gives small frames by name, one row a group.

    `tell` is plain Python: the collected rows of those frames become words and charts in a language ("en" or "zh").
    """

    info: ReportInfo
    reads: Sequence[str]
    build: Callable[[Tables, Period], Mapping[str, DataFrame]]
    tell: Callable[[Mapping[str, Sequence[Row]], Period, str], Result]
    parameters: Mapping[str, str] = field(default_factory=lambda: {"period": "day, week, month or chosen days"})


def whole(cell: Cell) -> int:
    """A cell that Spark made as a whole number."""
    if not isinstance(cell, int):
        raise TypeError(f"{cell!r} is not a whole number")
    return cell


@cache
def all_reports() -> Mapping[str, Report]:
    """Every report by name, in the order of their files' names."""
    modules = (info.name for info in pkgutil.iter_modules(analytics.reports.__path__, "analytics.reports."))
    found: list[Report] = [importlib.import_module(name).REPORT for name in sorted(modules)]
    return {report.info.name: report for report in found}


def find_report(name: str) -> Report:
    """The report of this name. Raises `BadInput` that names those there are."""
    reports = all_reports()
    if name not in reports:
        raise BadInput(f"there is no report {name!r}; there are {', '.join(reports)}")
    return reports[name]
