"""Finds products by pieces of what they are called, in any language, or by a number of theirs.

A product has a row of folded text beside it, narrow enough that reading all of them is faster than any index is worth:
a piece of one Chinese character is found as well as half of a word. `mend` writes those that are missing or older.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.registry import reads
from bot.services import catalogue
from bot.services.catalogue import Shelf
from bot.services.scope import Scope
from bot.services.search.words import fold, word
from models import Product, ProductSearch, Variant
from models.database import dialect, fetch, transaction

#: Words of a query that count, products of an answer, and rows that are written at once.
WORDS, FOUND, AT_ONCE = 8, 24, 500

_STALE = (
    "SELECT p.id FROM product p LEFT JOIN product_search s ON s.product_id = p.id "
    "WHERE p.id > ? AND (s.product_id IS NULL OR s.updated_at <> p.updated_at) ORDER BY p.id LIMIT ?"
)


@reads
async def find(scope: Scope, query: str) -> Shelf:
    """What is for sale to this customer and has every word of `query`, `FOUND` at most, in the shop's order.

    Where more have them, those that have been in the shop for longest.
    """
    asked = [word(one) for one in word(query).plain.split()[:WORDS]]
    if not asked:
        return Shelf((), False)
    stands_in = "strpos" if dialect() == "postgres" else "instr"  # many times faster than LIKE; both sides are folded
    has = " AND ".join([f"{stands_in}(s.text, ?) > 0"] * len(asked))
    # Without a comparison of `active`, or SQLite begins with that index and looks up every product's text.
    sql = (
        "SELECT p.id, p.position FROM product_search s JOIN product p ON p.id = s.product_id "  # noqa: S608 - no values
        f"WHERE {has} AND p.active AND {catalogue.SOLD} ORDER BY s.product_id LIMIT ?"
    )
    rows = await fetch(sql, [*(one.folded for one in asked), scope.currency, FOUND + 1])
    in_order = sorted(rows[:FOUND], key=lambda row: (row["position"], row["id"]))
    shown = await catalogue.shelf(scope, [int(row["id"]) for row in in_order], FOUND)
    return Shelf(shown.products, len(rows) > FOUND)


async def mend() -> None:
    """Write what is missing or older than its product; one query where nothing is."""
    last = 0
    while ids := [int(row["id"]) for row in await fetch(_STALE, (last, AT_ONCE))]:
        async with transaction():
            await write(ids)
        last = ids[-1]


async def write(ids: Sequence[int]) -> None:
    """The rows of these products, as they are now."""
    variants: dict[int, list[Variant]] = {id_: [] for id_ in ids}
    for row in await Variant.filter(product_id__in=list(ids)).order_by("position", "id"):
        variants[row.product_id].append(row)
    there = await Product.filter(id__in=list(ids)).order_by("id")
    await ProductSearch.filter(product_id__in=list(ids)).delete()
    rows = [
        ProductSearch(product_id=one.id, text=_text(one, variants[one.id]), updated_at=one.updated_at) for one in there
    ]
    await ProductSearch.bulk_create(rows, ignore_conflicts=True)  # another node writes the same


def _text(product: Product, variants: Iterable[Variant]) -> str:
    said: dict[str, None] = dict.fromkeys([*product.name.values(), product.category, product.sku])
    for one in variants:
        said |= dict.fromkeys([one.sku, one.barcode, *(text for value in one.option_values for text in value.values())])
    return fold("\n".join(text for text in said if text))
