"""Variants as carts and orders reckon with them: whose they are, what they are called, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.money import Money
from bot.services.scope import words
from models import Price, Product, Variant
from models.database import fetch, marks
from models.rows import Columns

NAME = 200  # characters of an order line's name


@dataclass(frozen=True, slots=True)
class Priced:
    """A variant with its product, and what one piece costs in the currency that was asked for."""

    row: Variant
    price: Money
    compare_at: Money | None = None

    @property
    def is_sold(self) -> bool:
        """Whether it can be bought at all, however many there are."""
        return self.row.active and self.row.product.active

    def name(self, locale: str) -> str:
        """ "Longjing", or with what was chosen of it: "Longjing (100 g, tin)"."""
        chosen = ", ".join(words(value, locale) for value in self.row.option_values)
        name = words(self.row.product.name, locale)
        return (f"{name} ({chosen})" if chosen else name)[:NAME]


_VARIANT, _PRODUCT, _PRICE = Columns(Variant, "v"), Columns(Product, "p"), Columns(Price, "c")
# In one statement: whoever buys asks this several times, some of them while others wait for it.
_OFFERED = (
    "SELECT {columns} FROM variant v "
    "JOIN product p ON p.id = v.product_id JOIN price c ON c.variant_id = v.id AND c.currency = ? "
    "WHERE v.{by} IN ({marks}) ORDER BY v.id"
)


async def offered(ids: Iterable[int], currency: str) -> dict[int, Priced]:
    """Of these variants by id those that have a price in `currency`, as they are just now: nothing is locked."""
    return {one.row.id: one for one in await _offered("id", sorted(set(ids)), currency)}


async def by_sku(skus: Iterable[str], currency: str) -> dict[str, Priced]:
    """`offered`, by sku; what is not sold any more is there, too."""
    return {one.row.sku: one for one in await _offered("sku", sorted(set(skus)), currency)}


async def _offered(by: str, these: Sequence[object], currency: str) -> list[Priced]:
    if not these:
        return []
    columns = f"{_VARIANT.sql}, {_PRODUCT.sql}, {_PRICE.sql}"
    sql = _OFFERED.format(columns=columns, by=by, marks=marks(len(these)))
    found = []
    for row in await fetch(sql, [currency, *these]):
        variant = _VARIANT.of(row)
        variant.product = _PRODUCT.of(row)
        found.append(_priced(variant, _PRICE.of(row)))
    return found


async def variants(ids: Iterable[int]) -> dict[int, Variant]:
    """By id, each with its product, whether they have a price or not: nothing is locked."""
    rows = Variant.filter(id__in=sorted(set(ids))).order_by("id").select_related("product")
    return {row.id: row for row in await rows}


async def priced(rows: Iterable[Variant], currency: str) -> dict[int, Priced]:
    """By variant id those that have a price in `currency`; the rows know their products."""
    variants = {row.id: row for row in rows}
    prices = {one.variant_id: one for one in await Price.filter(variant_id__in=list(variants), currency=currency)}
    return {id_: _priced(row, prices[id_]) for id_, row in variants.items() if id_ in prices}


def _priced(row: Variant, price: Price) -> Priced:
    compare_at = Money(price.compare_at, price.currency) if price.compare_at else None
    return Priced(row, Money(price.amount, price.currency), compare_at)
