"""Reviews: average stars, how they spread, how they move, and the products that are liked least.

Definitions, each equal to a direct SQL count:

- A review counts on the local day of its `created_at`, unless staff rejected it (`state` rejected). Waiting ones count.
- The average is the sum of stars by the number of reviews. Unhappy are reviews of one or two stars.
- A product's average is over the reviews that name it (`product_id`); reviews without a product are in all other
  numbers. Least liked means the lowest average, of equals the one with more reviews.
- A channel is the `account` that the review came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics import pieces, words
from analytics.report import Cell, Chart, Headline, Report, Result, ResultTable, Row, Series, TableColumn, Tables, whole
from analytics.words import pick
from bot.core.period import Period
from bot.core.report import ReportInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: More products than this are in the spreadsheet, not in the picture.
WORST = 5


def build(tables: Tables, period: Period) -> Mapping[str, DataFrame]:
    """`stars`: account, day, product_id, stars, reviews, and the product's sku and names."""
    from pyspark.sql import functions as f

    from analytics.spark import local_day, within

    rows = tables("reviews")
    counted = rows.where(within(rows.created_at, period) & (rows.state != "rejected"))
    day = local_day(counted.created_at, period).alias("day")
    stars = counted.groupBy("account", day, "product_id", "stars").agg(f.count("*").alias("reviews"))
    names = tables("products").select(f.col("id").alias("product_id"), "sku", f.col("name").alias("names"))
    return {"stars": stars.join(f.broadcast(names), "product_id", "left")}


@dataclass(frozen=True, slots=True)
class Stars:
    """How many reviews had one, two, three, four and five stars."""

    counts: tuple[int, int, int, int, int]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Stars:
        counts = [0] * 5
        for row in rows:
            counts[whole(row["stars"]) - 1] += whole(row["reviews"])
        return cls((counts[0], counts[1], counts[2], counts[3], counts[4]))

    @property
    def reviews(self) -> int:
        return sum(self.counts)

    @property
    def unhappy(self) -> int:
        return sum(self.counts[:2])

    @property
    def average(self) -> float | None:
        total = sum(stars * number for stars, number in enumerate(self.counts, start=1))
        return total / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers, before any language."""

    period: Period
    now: Stars
    before: Stars
    days: Mapping[int, Stars]
    channels: Sequence[tuple[str, Stars]]  # most reviews first
    products: Sequence[tuple[Product, Stars]]  # least liked first

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]], period: Period) -> Facts:
        now, before = pieces.split(rows["stars"], period)
        channels = {str(account): stars for account, stars in _by(now, "account").items()}
        return cls(
            period=period,
            now=Stars.of(now),
            before=Stars.of(before),
            days={whole(day): stars for day, stars in _by(now, "day").items()},
            channels=sorted(channels.items(), key=lambda pair: (-pair[1].reviews, pair[0])),
            products=_products(now),
        )

    @property
    def moved(self) -> float | None:
        """By how many stars the average changed, to two digits, so that words and numbers agree."""
        if self.now.average is None or self.before.average is None:
            return None
        return round(round(self.now.average, 2) - round(self.before.average, 2), 2)


@dataclass(frozen=True, slots=True)
class Product:
    """What is reviewed; a product that is gone has only its id."""

    id: int
    sku: str
    names: str

    def label(self, language: str) -> str:
        return words.product_name(self.names, self.sku or f"#{self.id}", language)


def _by(rows: Sequence[Row], key: str) -> dict[Cell, Stars]:
    return {value: Stars.of(group) for value, group in pieces.grouped(rows, key).items()}


def _products(rows: Sequence[Row]) -> list[tuple[Product, Stars]]:
    named = [row for row in rows if row["product_id"] is not None]
    known = {row["product_id"]: row for row in named}
    found = [
        (Product(whole(key), str(known[key]["sku"] or ""), str(known[key]["names"] or "")), stars)
        for key, stars in _by(named, "product_id").items()
    ]
    return sorted(found, key=lambda pair: (pair[1].average or 0, -pair[1].reviews, pair[0].id))


def tell(rows: Mapping[str, Sequence[Row]], period: Period, language: str) -> Result:
    """The report in words and charts."""
    facts = Facts.of(rows, period)
    return Result(
        title=pick(language, "Reviews", "评价报告"),
        period=words.period_name(period, language),
        headline=_headline(facts, language),
        charts=[_spread(facts, language), _trend(facts, language), _worst(facts, language)],
        tables=[_day_table(facts, language), _product_table(facts, language), _channel_table(facts, language)],
        words=_words(facts, language),
    )


def _headline(facts: Facts, language: str) -> list[Headline]:
    now, before = facts.now, facts.before
    reviews, unhappy = words.count(now.reviews, language), words.count(now.unhappy, language)
    return [
        Headline(
            pick(language, "Average stars", "平均星级"),
            words.stars(now.average, language),
            _step(facts.moved, language),
            words.mood(facts.moved),
        ),
        pieces.compared(pick(language, "Reviews", "评价数"), reviews, now.reviews, before.reviews, language),
        pieces.compared(
            pick(language, "Unhappy (1–2 stars)", "不满意（1–2 星）"),
            unhappy,
            now.unhappy,
            before.unhappy,
            language,
            more_is_good=False,
        ),
    ]


def _step(moved: float | None, language: str) -> str:
    if moved is None:
        return ""
    sign = "" if not moved else "+" if moved > 0 else "−"
    return sign + words.stars(abs(moved), language)


def _none(language: str) -> str:
    return pick(language, "No reviews in this period", "本期没有评价")


def _spread(facts: Facts, language: str) -> Chart:
    title, labels = _none(language), [pick(language, f"{stars} ★", f"{stars} 星") for stars in range(5, 0, -1)]
    if facts.now.reviews:
        share = words.percent((facts.now.counts[3] + facts.now.counts[4]) / facts.now.reviews, language)
        title = pick(language, f"{share} of reviews give four or five stars", f"{share} 的评价给了四星或五星")
    series = Series(pick(language, "Reviews", "评价数"), list(reversed(facts.now.counts)))
    return Chart("hbar", title, labels if facts.now.reviews else [], [series], "count")


def _trend(facts: Facts, language: str) -> Chart:
    averages = [facts.days[day].average if day in facts.days else None for day in words.days_of(facts.period)]
    labels = words.day_labels(facts.period, language) if facts.now.reviews else []
    series = [Series(pick(language, "Average stars", "平均星级"), averages)]
    return Chart("line", _trend_title(facts, language), labels, series, "stars")


def _trend_title(facts: Facts, language: str) -> str:
    then = words.before(facts.period, language)
    if facts.moved is None:
        return pick(language, "Stars by day", "每日平均星级")
    if not facts.moved:
        return pick(language, f"Stars unchanged on {then}", f"平均星级与{then}持平")
    size = words.stars(abs(facts.moved), language)
    if facts.moved > 0:
        return pick(language, f"Stars up {size} on {then}", f"平均星级比{then}上升 {size}")
    return pick(language, f"Stars down {size} on {then}", f"平均星级比{then}下降 {size}")


def _worst(facts: Facts, language: str) -> Chart:
    worst = facts.products[:WORST]
    title = pick(language, "No product was reviewed", "没有商品收到评价")
    if worst:
        name, average = worst[0][0].label(language), words.stars(worst[0][1].average, language)
        title = pick(language, f"{name} is liked least: {average} stars", f"{name}评分最低：{average} 星")
    series = Series(pick(language, "Average stars", "平均星级"), [stars.average for _, stars in worst])
    return Chart("hbar", title, [product.label(language) for product, _ in worst], [series], "stars")


def _columns(language: str) -> list[TableColumn]:
    return [
        TableColumn(pick(language, "Reviews", "评价数"), "count"),
        TableColumn(pick(language, "Average stars", "平均星级"), "stars"),
        TableColumn(pick(language, "Unhappy", "不满意"), "count"),
    ]


def _cells(stars: Stars) -> tuple[Cell, ...]:
    return (stars.reviews, None if stars.average is None else round(stars.average, 4), stars.unhappy)


def _day_table(facts: Facts, language: str) -> ResultTable:
    nothing = Stars((0, 0, 0, 0, 0))
    return pieces.day_table(
        _columns(language), lambda day: _cells(facts.days.get(day, nothing)), facts.period, language
    )


def _product_table(facts: Facts, language: str) -> ResultTable:
    rows = [(product.label(language), product.sku, _cells(stars)) for product, stars in facts.products]
    return pieces.product_table(_columns(language), rows, language)


def _channel_table(facts: Facts, language: str) -> ResultTable:
    rows = [(account, _cells(stars)) for account, stars in facts.channels]
    return pieces.channel_table(_columns(language), rows, language)


def _words(facts: Facts, language: str) -> list[str]:
    if not facts.now.reviews:
        return [_none(language) + pick(language, ".", "。")]
    number = words.counted(facts.now.reviews, language, "{} review", "{} reviews", "{} 条评价")
    average = words.stars(facts.now.average, language)
    return [
        pick(language, f"{number} gave {average} stars on average.", f"{number}，平均 {average} 星。"),
        _unhappy(facts, language),
        *_least(facts, language),
    ]


def _unhappy(facts: Facts, language: str) -> str:
    if not facts.now.unhappy:
        return pick(language, "Nobody gave fewer than three stars.", "没有低于三星的评价。")
    number = words.count(facts.now.unhappy, language)
    people = words.counted(facts.now.unhappy, language, "{} was unhappy", "{} were unhappy", "{} 条不满意")
    return pick(language, f"{people}, with one or two stars.", f"其中 {number} 条不满意（一至二星）。")


def _least(facts: Facts, language: str) -> list[str]:
    if not facts.products:
        return []
    product, stars = facts.products[0]
    name, average = product.label(language), words.stars(stars.average, language)
    return [pick(language, f"{name} is liked least, with {average} stars.", f"评分最低的是{name}，{average} 星。")]


REPORT = Report(
    info=ReportInfo(
        name="reviews",
        title={"en": "Reviews", "zh": "评价报告"},
        description={
            "en": "Average stars, how they spread and move, and the products that are liked least.",
            "zh": "平均星级、星级分布与走势，以及评分最低的商品。",
        },
    ),
    reads=("reviews", "products"),
    build=build,
    tell=tell,
)
