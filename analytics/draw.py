"""A result as one picture that reads well on a phone: the three numbers on top, then a chart for each question."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from analytics import words
from analytics.fonts import families
from analytics.report import Chart, Headline, Result

WIDTH, MARGIN, DPI = 1080, 48, 144
INK, QUIET, FAINT, PAPER = "#1b2733", "#5d6a76", "#e3e8ec", "#ffffff"
#: Okabe and Ito's blue and its companions, which people with every kind of colour vision tell apart.
MAIN, BEFORE, GOOD, BAD = "#0072b2", "#d3dae0", "#00785a", "#b3460b"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
#: Above more bars than this values would touch each other: then only the highest has one.
LABELLED = 10

#: Heights in pixels.
HEAD, TITLE, ROW, COLUMNS, DAYS, GAP, FOOT = 246, 50, 52, 300, 34, 44, 6
#: Room for the values to the right of bars.
VALUES = 130


def draw(result: Result, language: str, path: Path) -> None:
    """Write a PNG, 1080 pixels wide and as high as it needs."""
    with rc_context({"font.family": families(), "axes.unicode_minus": False}):
        total = HEAD + sum(_height(chart) for chart in result.charts) + FOOT
        figure = Figure(figsize=(WIDTH / DPI, total / DPI), dpi=DPI, facecolor=PAPER)
        FigureCanvasAgg(figure)
        _draw_head(figure, result, total)
        top = HEAD
        for chart in result.charts:
            _draw_chart(figure, chart, language, total, top)
            top += _height(chart)
        figure.savefig(path, dpi=DPI, facecolor=PAPER)


def _height(chart: Chart) -> int:
    return TITLE + _plot_height(chart) + (DAYS if chart.kind != "hbar" and chart.x else 0) + GAP


def _plot_height(chart: Chart) -> int:
    if chart.kind == "hbar":
        return len(chart.x) * ROW
    return COLUMNS if chart.x else 0


def _write(figure: Figure, x: float, y: float, total: int, text: str, size: float, **style: Any) -> None:
    """Text at pixels from the left and from the top; `bold=True` thickens it, whatever weights the font has."""
    colour = style.setdefault("color", INK)
    if style.pop("bold", False):
        style["path_effects"] = [withStroke(linewidth=size / 24, foreground=colour)]
    style.setdefault("va", "top")
    figure.text(x / WIDTH, 1 - y / total, text, fontsize=size, **style)


def _draw_head(figure: Figure, result: Result, total: int) -> None:
    _write(figure, MARGIN, 36, total, result.title, 15, bold=True)
    _write(figure, WIDTH - MARGIN, 42, total, result.period, 11, color=QUIET, ha="right")
    for number, line in enumerate(result.headline):
        _draw_number(figure, MARGIN + number * (WIDTH - 2 * MARGIN) / 3, total, line)


def _draw_number(figure: Figure, left: float, total: int, line: Headline) -> None:
    _write(figure, left, 100, total, line.label, 10.5, color=QUIET)
    size = fitting_size(line.value, (WIDTH - 2 * MARGIN) / 3 - 28, 20)
    _write(figure, left, 152, total, line.value, size, va="center", bold=True)
    if line.change:
        colour = {"good": GOOD, "bad": BAD}.get(line.mood, QUIET)
        _write(figure, left, 180, total, line.change, 11.5, color=colour)


def fitting_size(text: str, width: float, size: float) -> float:
    """The font size, at most `size`, at which the text is no wider than `width` pixels."""
    needs = text_width(text, size)
    return size if needs <= width else size * width / needs


def text_width(text: str, size: float) -> float:
    """Pixels that a text takes."""
    font = FontProperties(family=families(), size=size)
    return float(_ruler().get_text_width_height_descent(text, font, False)[0])  # type: ignore[no-untyped-call]


@cache
def _ruler() -> RendererAgg:
    return RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]


def shorten(text: str, width: float, size: float) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _draw_chart(figure: Figure, chart: Chart, language: str, total: int, top: int) -> None:
    room = WIDTH - 2 * MARGIN - (_draw_legend(figure, chart, total, top) if chart.x else 0)
    _write(figure, MARGIN, top, total, chart.title, fitting_size(chart.title, room, 13), bold=True)
    if not chart.x:
        return
    rows, height = chart.kind == "hbar", _plot_height(chart)
    left = MARGIN + (_label_room(chart) if rows else _axis_room(chart, language))
    right = WIDTH - MARGIN - (VALUES if rows else 0)
    bottom = total - top - TITLE - height
    axes = figure.add_axes((left / WIDTH, bottom / total, (right - left) / WIDTH, height / total))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=9.5, colors=QUIET)
    (_draw_rows if rows else _draw_columns)(axes, chart, language)


def _draw_legend(figure: Figure, chart: Chart, total: int, top: int) -> float:
    """Names of the series, right of the title in their colours; returns the pixels that they take."""
    if len(chart.series) < 2:
        return 0
    left = float(WIDTH - MARGIN)
    for series, colour in reversed(list(zip(chart.series, _colours(chart), strict=False))):
        left -= text_width(series.name, 10)
        _write(figure, left, top + 6, total, series.name, 10, color=QUIET)
        left -= 24
        _write(figure, left, top + 4, total, "■", 10, color=colour, fontfamily="DejaVu Sans")
        left -= 22
    return WIDTH - MARGIN - left


def _colours(chart: Chart) -> tuple[str, ...]:
    """With two series of bars, the second is what was before: it stays in the background."""
    return (MAIN, BEFORE) if len(chart.series) <= 2 and chart.kind == "bar" else PALETTE


def _label_room(chart: Chart) -> float:
    return min(max(text_width(label, 10.5) for label in chart.x), 380) + 24


def _axis_room(chart: Chart, language: str) -> float:
    return max(text_width(_tick(value, chart, language), 9.5) for value in _ticks(chart)) + 14


def _ticks(chart: Chart) -> list[float]:
    """A few round values from zero up to the highest."""
    if chart.unit == "stars":
        return [0, 1, 2, 3, 4, 5]
    locator = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10], integer=chart.unit == "count")
    return [float(value) for value in locator.tick_values(0, _ceiling(chart)) if value <= _ceiling(chart)]


def _tick(value: float, chart: Chart, language: str) -> str:
    return f"{value:g}" if chart.unit == "stars" else short(value, chart, language)


def short(value: float, chart: Chart, language: str) -> str:
    """A value as a chart writes it."""
    if chart.unit == "money":
        return words.short_money(value, chart.currency, language)
    if chart.unit == "percent":
        return words.percent(value / 100, language)
    if chart.unit == "seconds":
        return words.duration(value, language)
    if chart.unit == "stars":
        return words.stars(value, language)
    return words.compact(value, language) if value >= 10_000 else words.count(round(value), language)


def _draw_rows(axes: Axes, chart: Chart, language: str) -> None:
    values = [value or 0 for value in chart.series[0].values]
    places = range(len(values))
    axes.barh(places, values, height=0.6, color=list(chart.colours) or MAIN)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(0, _most(chart))
    axes.set_xticks([])
    axes.set_yticks(places, [shorten(label, 380, 10.5) for label in chart.x], fontsize=10.5, color=INK)
    axes.tick_params(axis="y", pad=6)
    for place, value in zip(places, chart.series[0].values, strict=True):
        text = "–" if value is None else short(value, chart, language)
        _annotate(axes, text, (value or 0, place), (6, -0.5), va="center", fontsize=10.5)


def _most(chart: Chart) -> float:
    """Where a row ends: five stars, all of it, or the largest value."""
    largest = max((value or 0 for series in chart.series for value in series.values), default=0)
    return {"stars": 5.0, "percent": 100.0}.get(chart.unit, largest or 1)


def _annotate(axes: Axes, text: str, at: tuple[float, float], shift: tuple[float, float], **style: Any) -> None:
    axes.annotate(text, at, xytext=shift, textcoords="offset points", color=INK, annotation_clip=False, **style)


def _draw_columns(axes: Axes, chart: Chart, language: str) -> None:
    if chart.kind == "line":
        _draw_lines(axes, chart)
    else:
        _draw_bars(axes, chart)
    axes.set_xlim(-0.5, len(chart.x) - 0.5)
    axes.set_ylim(0, _ceiling(chart))
    axes.set_yticks(_ticks(chart), [_tick(value, chart, language) for value in _ticks(chart)])
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
    axes.set_axisbelow(True)
    _draw_days(axes, chart)
    _draw_values(axes, chart, language)


def _ceiling(chart: Chart) -> float:
    """The top of the axis, with room for a value above the highest bar."""
    return _most(chart) * 1.15


def _draw_lines(axes: Axes, chart: Chart) -> None:
    for series, colour in zip(chart.series, _colours(chart), strict=False):
        values = [float("nan") if value is None else value for value in series.values]
        axes.plot(range(len(values)), values, color=colour, linewidth=2.2, marker="o", markersize=5)


def _draw_bars(axes: Axes, chart: Chart) -> None:
    """What was before stands behind, wider and pale."""
    widths = (0.5, 0.82) if len(chart.series) > 1 else (0.66,)
    for series, colour, width in reversed(list(zip(chart.series, _colours(chart), widths, strict=False))):
        axes.bar(range(len(series.values)), [value or 0 for value in series.values], width=width, color=colour)


def _draw_days(axes: Axes, chart: Chart) -> None:
    """As many labels as fit without touching, always the first."""
    space = axes.get_position().width * WIDTH
    widest = max(text_width(label, 9.5) for label in chart.x) + 18
    step = max(1, -(-len(chart.x) // max(int(space / widest), 1)))
    axes.set_xticks(range(0, len(chart.x), step), chart.x[::step], fontsize=9.5, color=QUIET)


def _draw_values(axes: Axes, chart: Chart, language: str) -> None:
    values = [value or 0 for value in chart.series[0].values]
    highest = max(range(len(values)), key=values.__getitem__)
    for place in [highest] if len(values) > LABELLED else range(len(values)):
        if values[place]:
            shift = (0, 7 if chart.kind == "line" else 4)
            _annotate(
                axes, short(values[place], chart, language), (place, values[place]), shift, ha="center", fontsize=9.5
            )
