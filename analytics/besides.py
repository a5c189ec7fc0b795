"""What orders cost besides their goods: shipping and tax, figures of their own in a report of what was sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics import words
from analytics.report import ResultTable, TableColumn, Tables
from analytics.words import pick

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True)
class Besides:
    """In minor units: `tax` came on top of the prices, `within` is the part of them that was tax."""

    shipping: int = 0
    tax: int = 0
    within: int = 0


NOTHING = Besides()


def of_orders(orders: DataFrame, tables: Tables) -> DataFrame:
    """`id` of these orders, shipping, tax, within; those without any of these are left out."""
    from pyspark.sql import functions as f

    charges = tables("charges").join(orders.select(orders.id.alias("order_id")), "order_id", "left_semi")
    is_tax, is_on_top = charges.kind == "tax", charges.included == 0

    def added(which: object) -> object:
        return f.sum(f.when(which, charges.amount).otherwise(0))  # type: ignore[arg-type]

    return (
        charges.where(charges.kind.isin("shipping", "tax"))
        .groupBy(charges.order_id.alias("id"))
        .agg(
            added(~is_tax).alias("shipping"),  # type: ignore[attr-defined]
            added(is_tax & is_on_top).alias("tax"),  # type: ignore[attr-defined]
            added(is_tax & ~is_on_top).alias("within"),  # type: ignore[attr-defined]
        )
    )


def without_back(orders: DataFrame) -> DataFrame:
    """Of orders with total, back, shipping, tax and within: `revenue`, and the others less what went `back` of them.

    It is of the goods first, then of the shipping, then of the tax.
    """
    from pyspark.sql import functions as f

    goods = orders.total - orders.shipping - orders.tax
    of_goods = f.least(orders.back, goods)
    of_shipping = f.least(orders.back - of_goods, orders.shipping)
    left = goods - of_goods
    return orders.withColumns(
        {
            "revenue": left,
            "shipping": orders.shipping - of_shipping,
            "tax": orders.tax - (orders.back - of_goods - of_shipping),
            "within": f.when(goods > 0, f.round(orders.within * left / goods).cast("long")).otherwise(orders.within),
        }
    )


def table(of: Besides, currency: str, language: str) -> ResultTable | None:
    """The figures, None where there are none."""
    told = [
        (pick(language, "Shipping, not in the revenue", "运费（不计入营业额）"), of.shipping),
        (pick(language, "Tax on top of prices, not in the revenue", "价外税（不计入营业额）"), of.tax),
        (pick(language, "Tax within prices, in the revenue", "价内税（已计入营业额）"), of.within),
    ]
    columns = [
        TableColumn(pick(language, "What", "项目"), "text"),
        TableColumn(pick(language, "Amount", "金额"), "money", currency),
    ]
    rows = [(name, amount) for name, amount in told if amount]
    return ResultTable(pick(language, "Shipping and tax", "运费与税"), columns, rows) if rows else None


def sentence(of: Besides, currency: str, language: str) -> str:
    """That shipping and tax came on top, "" where nothing did."""
    told = [(of.shipping, "shipping", "运费"), (of.tax, "tax", "税费")]
    parts = [(words.money(sum_, currency, language), en, zh) for sum_, en, zh in told if sum_]
    if not parts:
        return ""
    english = " and ".join(f"{sum_} of {en}" for sum_, en, _ in parts)
    chinese = "、".join(f"{zh} {sum_}" for sum_, _, zh in parts)
    return pick(language, f"On top of it came {english}.", f"另有{chinese}。")
