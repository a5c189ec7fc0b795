"""Which products are for sale in a currency, in the order that is wanted: their ids, a page at a time.

They stand in rows of their own, so that no page of a large shop costs more than another one. `write` makes them, with
whatever changes a product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.services.search.words import word
from models import ForSale, Price, Product
from models.database import as_time, dialect, fetch

#: Words of a query that count, and products that they may find: those that have been in the shop for longest.
WORDS, FOUND = 8, 1000
#: Where no shop has a product any more. Anybody may ask for any page, in the web chat as at an address.
FARTHEST = 1_000_000_000
#: In the shop's own order, the cheapest first, the dearest, what came last.
ORDERS = {
    "": "f.position, f.product_id",
    "cheap": "f.lowest, f.product_id",
    "dear": "f.lowest DESC, f.product_id DESC",
    "new": "f.product_id DESC",
}
_ALL = "SELECT f.product_id AS id FROM for_sale f WHERE f.currency = ? {of} ORDER BY {order} LIMIT ? OFFSET ?"
# The texts are read in the order in which they lie, and only as far as enough are found.
_SEARCHED = (
    "SELECT f.product_id AS id FROM (SELECT s.product_id AS id FROM product_search s WHERE {has} AND EXISTS "
    "(SELECT 1 FROM for_sale f WHERE f.product_id = s.product_id AND f.currency = ? {of}) "
    "ORDER BY s.product_id LIMIT ?) found JOIN for_sale f ON f.product_id = found.id AND f.currency = ? "
    "ORDER BY {order} LIMIT ? OFFSET ?"
)
_COUNT = "SELECT COUNT(*) AS count FROM for_sale WHERE currency = ?"
_ADDRESSES = (
    "SELECT p.sku, p.updated_at FROM (SELECT product_id FROM for_sale WHERE currency = ? "
    "ORDER BY product_id LIMIT ? OFFSET ?) part JOIN product p ON p.id = part.product_id ORDER BY p.id"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Products with every word of `query`, of `category`; "" for any. `order` is one of ORDERS."""

    query: str = ""
    category: str = ""
    order: str = ""

    @property
    def words(self) -> list[str]:
        """The words that count, folded as the texts are."""
        return [word(one).folded for one in word(self.query).plain.split()[:WORDS]]


async def ids(currency: str, wanted: Wanted, first: int, most: int) -> list[int]:
    """So many products from the `first` on, and one more where there are more; none of a page that cannot be."""
    if not 0 <= first < FARTHEST:
        return []
    asked: list[object] = [currency, *([wanted.category] if wanted.category else [])]
    if words := wanted.words:
        stands_in = "strpos" if dialect() == "postgres" else "instr"  # many times faster than LIKE
        has = " AND ".join([f"{stands_in}(s.text, ?) > 0"] * len(words))
        of = "AND f.category = ?" if wanted.category else ""
        sql = _SEARCHED.format(has=has, of=of, order=ORDERS[wanted.order])
        asked = [*words, *asked, FOUND, currency]
    elif wanted.query:
        return []
    else:
        sql = page_of(wanted)
    return [int(row["id"]) for row in await fetch(sql, [*asked, most + 1, first])]


def page_of(wanted: Wanted) -> str:
    """The statement for a page where no words are looked for."""
    of = "AND f.category = ?" if wanted.category else ""
    return _ALL.format(of=of, order=ORDERS[wanted.order])


async def count(currency: str) -> int:
    """Of all products."""
    (row,) = await fetch(_COUNT, (currency,))
    return int(row["count"])


async def addresses(currency: str, first: int, most: int) -> list[tuple[str, datetime]]:
    """The oldest first: the sku, and when it was changed last."""
    rows = await fetch(_ADDRESSES, (currency, most, first))
    return [(row["sku"], at) for row in rows if (at := as_time(row["updated_at"])) is not None]


async def write(products: Iterable[Product]) -> None:
    """The rows of these, as they are now, inside the caller's transaction."""
    there = {row.id: row for row in products}
    await ForSale.filter(product_id__in=list(there)).delete()
    sold = [id_ for id_, row in there.items() if row.active]
    prices = Price.filter(variant__product_id__in=sold, variant__active=True)
    lowest: dict[tuple[int, str], int] = {}
    found: Sequence[tuple[int, str, int]] = await prices.values_list("variant__product_id", "currency", "amount")
    for product, currency, amount in found:
        lowest[product, currency] = min(amount, lowest.get((product, currency), amount))
    rows = [
        ForSale(
            product_id=product,
            currency=currency,
            lowest=amount,
            position=there[product].position,
            category=there[product].category,
        )
        for (product, currency), amount in lowest.items()
    ]
    await ForSale.bulk_create(rows, ignore_conflicts=True)  # another node writes the same
