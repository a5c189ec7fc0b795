"""Variants as carts and orders reckon with them: whose they are, what they are called, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.core.money import Money
from bot.services import stock
from bot.services.scope import Scope, words
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


@dataclass(frozen=True, slots=True)
class Offered(Priced):
    """The same with how many pieces are free, never below zero; whether it is sold at all is another question."""

    free: int = 0


_VARIANT, _PRODUCT = Columns(Variant, "v"), Columns(Product, "p")
# In one statement: whoever buys asks this several times, some of them while others wait for it.
_OFFERED = (
    f"SELECT {{columns}}, c.amount, c.compare_at, {stock.FREE} AS free FROM variant v "  # noqa: S608 - our own text
    "JOIN product p ON p.id = v.product_id JOIN price c ON c.variant_id = v.id AND c.currency = ? "
    "WHERE v.{by} IN ({marks}) ORDER BY v.id"
)


async def offered(scope: Scope, ids: Iterable[int]) -> dict[int, Offered]:
    """Of these variants by id those that have a price in the customer's currency, as they are now: nothing is locked.

    What is not sold any more is among them.
    """
    return {one.row.id: one for one in await _offered(scope, "id", sorted(set(ids)))}


async def by_sku(scope: Scope, skus: Iterable[str]) -> dict[str, Offered]:
    """`offered`, by sku."""
    return {one.row.sku: one for one in await _offered(scope, "sku", sorted(set(skus)))}


async def _offered(scope: Scope, by: str, these: Sequence[object]) -> list[Offered]:
    if not these:
        return []
    sql = _OFFERED.format(columns=f"{_VARIANT.sql}, {_PRODUCT.sql}", by=by, marks=marks(len(these)))
    found = []
    for row in await fetch(sql, [scope.now, scope.currency, *these]):
        variant = _VARIANT.of(row)
        variant.product = _PRODUCT.of(row)
        compare_at = Money(row["compare_at"], scope.currency) if row["compare_at"] else None
        price = Money(row["amount"], scope.currency)
        found.append(Offered(variant, price, compare_at, max(0, int(row["free"]))))
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
