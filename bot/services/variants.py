"""Variants as carts and orders reckon with them: whose they are, what they are called, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.core.money import Money
from bot.services.scope import words
from models import Price, Variant

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


async def variants(ids: Iterable[int]) -> dict[int, Variant]:
    """Variants by id, each with its product, as they are just now: nothing is locked."""
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
