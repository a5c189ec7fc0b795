"""Products as the desk lists them: with every variant, its prices by currency and its pieces by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services.search.words import word
from models import Price, Product, Stock, StockHold, Variant
from models.database import dialect, fetch

PAGE = 50
_LISTED = "SELECT p.id FROM product p {found} WHERE p.id > ? {has} ORDER BY p.id LIMIT ?"


@dataclass(frozen=True, slots=True)
class ListedVariant:
    """`pieces` by place code as they lie there; `held` of them all are kept for unpaid orders."""

    row: Variant
    prices: Sequence[Price]
    pieces: Mapping[str, int]
    held: int

    def money(self) -> list[tuple[Money, Money | None]]:
        """Prices with what they are compared with, by currency."""
        return [
            (Money(one.amount, one.currency), Money(one.compare_at, one.currency) if one.compare_at else None)
            for one in sorted(self.prices, key=lambda one: one.currency)
        ]


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product with all its variants, also those that are not sold."""

    row: Product
    variants: Sequence[ListedVariant]


async def listed(query: str, after: int, now: datetime, category: str = "") -> tuple[list[ListedProduct], int | None]:
    """Products with every word of `query`, after that id, and the id to go on after; None at the end.

    With the code of a `category` only those of it.
    """
    words = [word(one).folded for one in word(query).plain.split()]
    stands_in = "strpos" if dialect() == "postgres" else "instr"
    found = "JOIN product_search s ON s.product_id = p.id" if words else ""
    has = "".join(f" AND {stands_in}(s.text, ?) > 0" for _ in words)
    has += " AND p.category = ?" if category else ""
    asked = (after, *words, *([category] if category else []), PAGE + 1)
    rows = await fetch(_LISTED.format(found=found, has=has), asked)
    ids = [int(row["id"]) for row in rows]
    return await of(ids[:PAGE], now), ids[PAGE - 1] if len(ids) > PAGE else None


async def one(product_id: int, now: datetime) -> ListedProduct:
    """Raises `Refused("no_product")`."""
    found = await of([product_id], now)
    if not found:
        raise Refused("no_product", sku="")
    return found[0]


async def of(ids: Sequence[int], now: datetime) -> list[ListedProduct]:
    """These products, by id."""
    products = await Product.filter(id__in=list(ids)).order_by("id")
    variants = await Variant.filter(product_id__in=list(ids)).order_by("position", "id")
    keys = [row.id for row in variants]
    prices: dict[int, list[Price]] = {}
    for price in await Price.filter(variant_id__in=keys):
        prices.setdefault(price.variant_id, []).append(price)
    pieces: dict[int, dict[str, int]] = {}
    for lying in await Stock.filter(variant_id__in=keys).select_related("place"):
        pieces.setdefault(lying.variant_id, {})[lying.place.code] = lying.pieces
    held: dict[int, int] = {}
    for hold in await StockHold.filter(variant_id__in=keys, expires_at__gt=now):
        held[hold.variant_id] = held.get(hold.variant_id, 0) + hold.quantity
    of_product: dict[int, list[ListedVariant]] = {row.id: [] for row in products}
    for row in variants:
        one = ListedVariant(row, prices.get(row.id, []), pieces.get(row.id, {}), held.get(row.id, 0))
        of_product[row.product_id].append(one)
    return [ListedProduct(row, of_product[row.id]) for row in products]
