"""Finds products by pieces of what they are called, in any language, or by a number of theirs.

A product has a row of folded text beside it, narrow enough that reading all of them is faster than any index is worth:
a piece of one Chinese character is found as well as half of a word. `mend` writes those that are missing or older.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.registry import reads
from bot.services import catalogue, categories, listing
from bot.services.catalogue import Shelf
from bot.services.categories import Kind
from bot.services.listing import Wanted
from bot.services.scope import Scope
from bot.services.search.words import fold
from models import Product, ProductSearch, Variant
from models.database import fetch, transaction

#: Products of an answer, and rows that are written at once.
FOUND, AT_ONCE = 24, 500

_STALE = (
    "SELECT p.id FROM product p LEFT JOIN product_search s ON s.product_id = p.id "
    "WHERE p.id > ? AND (s.product_id IS NULL OR s.updated_at <> p.updated_at OR NOT s.listed) ORDER BY p.id LIMIT ?"
)


@reads
async def find(scope: Scope, query: str) -> Shelf:
    """What is for sale to this customer and has every word of `query`, `FOUND` at most, in the shop's order."""
    return await catalogue.products(scope, 0, FOUND, Wanted(query)) if Wanted(query).words else Shelf((), False)


async def mend() -> None:
    """Write what is missing or older than its product; one query where nothing is."""
    last = 0
    while ids := [int(row["id"]) for row in await fetch(_STALE, (last, AT_ONCE))]:
        async with transaction():
            await write(ids)
        last = ids[-1]


async def write(ids: Sequence[int]) -> None:
    """The rows of these products as they are now, with those that they are listed by."""
    variants: dict[int, list[Variant]] = {id_: [] for id_ in ids}
    for row in await Variant.filter(product_id__in=list(ids)).order_by("position", "id"):
        variants[row.product_id].append(row)
    there = await Product.filter(id__in=list(ids)).order_by("id")
    kinds = await categories.named(one.category for one in there)
    await ProductSearch.filter(product_id__in=list(ids)).delete()
    rows = [
        ProductSearch(
            product_id=one.id,
            text=_text(one, kinds.get(one.category), variants[one.id]),
            updated_at=one.updated_at,
            listed=True,
        )
        for one in there
    ]
    await ProductSearch.bulk_create(rows, ignore_conflicts=True)  # another node writes the same
    await listing.write(there)


def _text(product: Product, kind: Kind | None, variants: Iterable[Variant]) -> str:
    called = [kind.code, *kind.name.values()] if kind else []
    said: dict[str, None] = dict.fromkeys([*product.name.values(), *called, product.sku])
    for one in variants:
        said |= dict.fromkeys([one.sku, one.barcode, *(text for value in one.option_values for text in value.values())])
    return fold("\n".join(text for text in said if text))
