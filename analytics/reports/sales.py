"""Sales: revenue, orders and the average basket, by day, channel and product, against the previous period.

Definitions, each equal to a direct SQL count:

- An order counts when its state is paid, packed (or preparing, as it was called), shipped in part or whole, delivered
  or completed, on the local day of its `paid_at`. Orders that are placed, cancelled, expired or refunded do not
  count, whenever they were paid.
- Revenue is what was sold: the sum of the `total` of those orders, less shipping and tax on top of the prices, so their
  lines less the discount; and less what was given back of it until now, whenever that was. Shipping and tax are figures
  of their own; tax within the prices is in the revenue. What was given back is what their payments in the order's
  currency took and do not keep any more, as far as the total needs it: of an order that was paid twice the second
  payment goes back, and the total stays. Of each order it is of the goods first, what is more than they cost of the
  shipping, and the rest of the tax on top; of the tax within the prices the same share is left as of the goods. So no
  figure of an order is below zero. The average basket is revenue by number of orders, rounded half up.
- A product's revenue is the sum of `(quantity - cancelled) * price` of the lines of those orders, under the product's
  `sku`: pieces that staff cancelled were not sold. What was given back besides is in none of them, since money goes
  back of an order and not of a line.
- Currencies are never added up. The report is about the one with most orders (of equals, the first by alphabet) in both
  periods together; any others are listed in a table of their own.
- A channel is the `account` that the order came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics import besides, pieces, words
from analytics.besides import NOTHING, Besides
from analytics.report import Cell, Chart, Headline, Report, Result, ResultTable, Row, Series, TableColumn, Tables, whole
from analytics.words import pick
from bot.core.period import Period
from bot.core.report import ReportInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COUNTED = ("paid", "preparing", "packed", "partly_shipped", "shipped", "delivered", "completed")
#: More products than this are in the spreadsheet, not in the picture.
TOP = 8


def build(tables: Tables, period: Period) -> Mapping[str, DataFrame]:
    """`days`: currency, account, day, orders, revenue, back, and what `Besides` has, all without what went back.

    `products`: currency, sku, is_now, pieces, revenue.
    A product's names are beside it, and the values of the variant's options.
    """
    from pyspark.sql import functions as f

    from analytics.spark import local_day, total, within

    def counted(table: str) -> DataFrame:
        rows = tables(table)
        return rows.where(within(rows.paid_at, period) & rows.state.isin(*COUNTED))

    def kept() -> DataFrame:
        """What is left of orders of which something went back: few, so that no large table is moved for them."""
        taken = tables("payments").where("captured > 0")
        touched = taken.where("refunded > 0").select("order_id").distinct()
        left = taken.join(f.broadcast(touched), "order_id", "left_semi")
        return left.groupBy(f.col("order_id").alias("id"), f.col("captured_currency").alias("currency")).agg(
            f.sum(left.captured - left.refunded).alias("kept")
        )

    orders, lines = counted("orders").join(f.broadcast(kept()), ["id", "currency"], "left"), counted("order_lines")
    orders = orders.join(besides.of_orders(orders, tables), "id", "left").fillna(0, ["shipping", "tax", "within"])
    orders = besides.without_back(
        orders.withColumn("back", orders.total - f.least("total", f.coalesce("kept", "total")))
    )
    days = orders.groupBy("currency", "account", local_day(orders.paid_at, period).alias("day")).agg(
        f.count("*").alias("orders"),
        *(total(orders[name]).alias(name) for name in ("revenue", "back", "shipping", "tax", "within")),
    )
    lines, sold = lines.where("quantity > cancelled"), lines.quantity - lines.cancelled
    products = lines.groupBy("currency", "sku", (lines.paid_at >= f.lit(period.starts_at)).alias("is_now")).agg(
        total(sold).alias("pieces"), total(sold, lines.price).alias("revenue")
    )
    named = tables("products").select(f.col("id").alias("product_id"), f.col("name").alias("names"))
    names = tables("variants").join(named, "product_id").select("sku", "names", "option_values")
    return {"days": days, "products": products.join(f.broadcast(names), "sku", "left")}


@dataclass(frozen=True, slots=True)
class Sales:
    """Whole numbers of one period in one currency, money in minor units."""

    orders: int
    revenue: int
    back: int = 0  # given back, and not in the revenue
    besides: Besides = NOTHING

    @property
    def basket(self) -> int:
        return words.mean(self.revenue, self.orders)


def tell(rows: Mapping[str, Sequence[Row]], period: Period, language: str) -> Result:
    """The report in words and charts."""
    facts = Facts.of(rows, period)
    return Result(
        title=pick(language, "Sales", "销售报告"),
        period=words.period_name(period, language),
        headline=_headline(facts, language),
        charts=[_by_day(facts, language), _by_channel(facts, language), _by_product(facts, language)],
        tables=_tables(facts, language),
        words=_words(facts, language),
    )


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers, before any language."""

    period: Period
    currency: str
    now: Sales
    before: Sales
    days: Mapping[int, Sales]  # by day since 1970-01-01, both periods
    channels: Sequence[tuple[str, Sales]]  # most revenue first
    channels_before: Mapping[str, Sales]
    products: Sequence[Product]  # most revenue first
    others: Mapping[str, Sales]  # other currencies

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]], period: Period) -> Facts:
        currency = _main_currency(rows["days"])
        mine = [row for row in rows["days"] if row["currency"] == currency]
        now, before = pieces.split(mine, period)
        channels = {str(account): sales for account, sales in _by(now, "account").items()}
        currencies = {
            str(code): sales for code, sales in _by(pieces.split(rows["days"], period)[0], "currency").items()
        }
        return cls(
            period=period,
            currency=currency,
            now=_sum(now),
            before=_sum(before),
            days={whole(day): sales for day, sales in _by(mine, "day").items()},
            channels=sorted(channels.items(), key=lambda pair: (-pair[1].revenue, pair[0])),
            channels_before={str(account): sales for account, sales in _by(before, "account").items()},
            products=_products(rows["products"], currency),
            others={code: sales for code, sales in sorted(currencies.items()) if code != currency},
        )

    def day(self, number: int) -> Sales:
        return self.days.get(number, Sales(0, 0))

    @property
    def growth(self) -> float | None:
        return words.change(self.now.revenue, self.before.revenue)


@dataclass(frozen=True, slots=True)
class Product:
    """What was sold of a variant of a product, and its revenue before."""

    sku: str
    names: str
    values: str
    pieces: int
    revenue: int
    revenue_before: int

    def label(self, language: str) -> str:
        return words.variant_name(self.names, self.values, self.sku, language)


def _sum(rows: Sequence[Row]) -> Sales:
    names = ("orders", "revenue", "back", "shipping", "tax", "within")
    orders, revenue, back, *others = (sum(whole(row[name]) for row in rows) for name in names)
    return Sales(orders, revenue, back, Besides(*others))


def _by(rows: Sequence[Row], key: str) -> dict[Cell, Sales]:
    return {value: _sum(group) for value, group in pieces.grouped(rows, key).items()}


def _main_currency(rows: Sequence[Row]) -> str:
    orders = {str(code): sales.orders for code, sales in _by(rows, "currency").items()}
    return min(orders, key=lambda code: (-orders[code], code), default="CNY")


def _products(rows: Sequence[Row], currency: str) -> list[Product]:
    mine = [row for row in rows if row["currency"] == currency]
    before = {row["sku"]: whole(row["revenue"]) for row in mine if not row["is_now"]}
    sold = [
        Product(
            str(r["sku"]),
            str(r["names"] or ""),
            str(r["option_values"] or ""),
            whole(r["pieces"]),
            whole(r["revenue"]),
            before.get(r["sku"], 0),
        )
        for r in mine
        if r["is_now"]
    ]
    return sorted(sold, key=lambda product: (-product.revenue, product.sku))


def _headline(facts: Facts, language: str) -> list[Headline]:
    now, then, currency = facts.now, facts.before, facts.currency
    revenue, basket = (words.money(amount, currency, language) for amount in (now.revenue, now.basket))
    orders = words.count(now.orders, language)
    return [
        pieces.compared(_revenue(language), revenue, now.revenue, then.revenue, language),
        pieces.compared(pick(language, "Orders", "订单"), orders, now.orders, then.orders, language),
        pieces.compared(_basket(language), basket, now.basket, then.basket, language),
    ]


def _revenue(language: str) -> str:
    return pick(language, "Revenue", "营业额")


def _basket(language: str) -> str:
    return pick(language, "Average basket", "客单价")


def _by_day(facts: Facts, language: str) -> Chart:
    title = words.trend(_revenue(language), facts.growth, facts.period, language)
    if facts.growth is None:
        title = pick(language, "Revenue by day", "每日营业额") if facts.now.orders else _nothing_sold(language)
    return pieces.days_beside(
        title, lambda day: facts.day(day).revenue, facts.period, language, "money", facts.currency
    )


def _nothing_sold(language: str) -> str:
    return pick(language, "No paid orders in this period", "本期没有已付款订单")


def _by_channel(facts: Facts, language: str) -> Chart:
    title = pick(language, "No channel sold anything", "各渠道均无成交")
    if facts.channels and facts.now.revenue:
        name = words.channel_name(facts.channels[0][0], language)
        share = words.percent(facts.channels[0][1].revenue / facts.now.revenue, language)
        gap = " " if name.isascii() else ""
        title = pick(language, f"{name} brings {share} of revenue", f"{name}{gap}贡献了 {share} 的营业额")
    values = [(account, sales.revenue) for account, sales in facts.channels]
    return pieces.by_channel(title, _revenue(language), values, language, "money", facts.currency)


def _by_product(facts: Facts, language: str) -> Chart:
    top = facts.products[:TOP]
    title = pick(language, "No product sold", "没有售出商品")
    if top:
        pieces = words.counted(top[0].pieces, language, "{} piece", "{} pieces", "{} 件")
        name = top[0].label(language)
        revenue = words.short_money(top[0].revenue, facts.currency, language)
        title = pick(language, f"{name} sells best: {revenue}, {pieces}", f"{name}最畅销：{revenue}，{pieces}")
    series = Series(_revenue(language), [product.revenue for product in top])
    return Chart("hbar", title, [product.label(language) for product in top], [series], "money", facts.currency)


def _tables(facts: Facts, language: str) -> list[ResultTable]:
    tables = [_day_table(facts, language), _channel_table(facts, language), _product_table(facts, language)]
    more = besides.table(facts.now.besides, facts.currency, language)
    return [*tables, *filter(None, [more, _currency_table(facts, language) if facts.others else None])]


def _orders_column(language: str) -> TableColumn:
    return TableColumn(pick(language, "Orders", "订单"), "count")


def _money_columns(facts: Facts, second: str, language: str) -> list[TableColumn]:
    return [TableColumn(name, "money", facts.currency) for name in (_revenue(language), second)]


def _day_table(facts: Facts, language: str) -> ResultTable:
    def cells(day: int) -> Sequence[Cell]:
        sales = facts.day(day)
        return (sales.orders, sales.revenue, sales.basket)

    columns = [_orders_column(language), *_money_columns(facts, _basket(language), language)]
    return pieces.day_table(columns, cells, facts.period, language)


def _before(language: str) -> str:
    return pick(language, "Revenue before", "上期营业额")


def _channel_table(facts: Facts, language: str) -> ResultTable:
    then = {account: facts.channels_before.get(account, Sales(0, 0)).revenue for account, _ in facts.channels}
    columns = [_orders_column(language), *_money_columns(facts, _before(language), language)]
    rows = [(account, (sales.orders, sales.revenue, then[account])) for account, sales in facts.channels]
    return pieces.channel_table(columns, rows, language)


def _product_table(facts: Facts, language: str) -> ResultTable:
    sold = TableColumn(pick(language, "Pieces", "件数"), "count")
    columns = [sold, *_money_columns(facts, _before(language), language)]
    rows = [(one.label(language), one.sku, (one.pieces, one.revenue, one.revenue_before)) for one in facts.products]
    return pieces.product_table(columns, rows, language)


def _currency_table(facts: Facts, language: str) -> ResultTable:
    code, revenue = (TableColumn(name, "text") for name in (pick(language, "Currency", "币种"), _revenue(language)))
    rows = [(key, one.orders, words.money(one.revenue, key, language)) for key, one in facts.others.items()]
    return ResultTable(pick(language, "Other currencies", "其他币种"), [code, _orders_column(language), revenue], rows)


def _words(facts: Facts, language: str) -> list[str]:
    if not facts.now.orders:
        return [_nothing_sold(language) + pick(language, ".", "。")]
    revenue = words.money(facts.now.revenue, facts.currency, language)
    basket = words.money(facts.now.basket, facts.currency, language)
    orders = words.counted(facts.now.orders, language, "{} order", "{} orders", "{} 单")
    trend = words.clause(facts.growth, facts.period, language)
    return [
        pick(language, f"Revenue was {revenue}{trend}.", f"营业额 {revenue}{trend}。") + _back(facts, language),
        *filter(None, [besides.sentence(facts.now.besides, facts.currency, language)]),
        pick(language, f"It came from {orders}, {basket} on average.", f"共 {orders}，客单价 {basket}。"),
        _best(facts, language),
    ]


def _back(facts: Facts, language: str) -> str:
    if not facts.now.back:
        return ""
    back = words.money(facts.now.back, facts.currency, language)
    return pick(language, f" {back} was given back and is not in it.", f"另有 {back} 已退还，不计入营业额。")


def _best(facts: Facts, language: str) -> str:
    channel = words.channel_name(facts.channels[0][0], language)
    if not facts.products:
        return pick(language, f"{channel} brought the most.", f"成交最多的渠道是{channel}。")
    product = facts.products[0].label(language)
    return pick(
        language,
        f"{product} sold best, and {channel} brought the most.",
        f"最畅销的是{product}，成交最多的渠道是{channel}。",
    )


REPORT = Report(
    info=ReportInfo(
        name="sales",
        title={"en": "Sales", "zh": "销售报告"},
        description={
            "en": "Revenue, orders and the average basket, by day, channel and product.",
            "zh": "营业额、订单数与客单价，按日、渠道和商品细分。",
        },
    ),
    reads=("orders", "order_lines", "charges", "payments", "products", "variants"),
    build=build,
    tell=tell,
)
