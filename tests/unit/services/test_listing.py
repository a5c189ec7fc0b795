"""What lists of products go by: the rows follow every change, also one of the release before, and no page is sorted."""

from __future__ import annotations

from bot.core.money import Money
from bot.services import catalogue, categories, listing, product_search, products
from bot.services.listing import ORDERS, Wanted
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Price, Product, ProductSearch
from models.database import client
from tests.unit.services.shop import NOW, Shop


async def put(sku: str, *prices: Money, category: str = "", position: int = 0, product_id: int | None = None) -> int:
    """A product with a variant for each of these prices."""
    variants = [VariantSpec(f"{sku}-{n}", [PriceSpec(one)], [{"en": str(n)}]) for n, one in enumerate(prices)]
    names = {"en": f"Tea {sku}"}
    spec = ProductSpec(sku, names, variants, category=category, options=[{"en": "Number"}], position=position)
    return (await products.save(spec, NOW, product_id=product_id)).id


async def counts() -> list[tuple[str, int]]:
    return [(one.code, one.count) for one in await categories.counted("CNY")]


def fen(amount: int) -> Money:
    return Money(amount, "CNY")


async def test_products_stand_in_the_order_that_is_wanted(any_shop: Shop) -> None:
    ann = await any_shop.customer()

    async def shown(**wanted: str) -> list[str]:
        return [one.sku for one in (await catalogue.products(ann, wanted=Wanted(**wanted))).products]

    first = await put("a", fen(300), fen(900), category="green", position=2)
    await put("b", fen(200), fen(100), category="black", position=1)
    await put("c", fen(150), Money(1, "EUR"), category="green", position=1)
    await put("euro", Money(5, "EUR"), category="green")
    assert await shown() == ["b", "c", "a"]
    assert (await shown(order="cheap"), await shown(order="dear")) == (["b", "c", "a"], ["a", "c", "b"])
    assert await shown(order="new") == ["c", "b", "a"]
    assert (await shown(category="green"), await shown(category="none")) == (["c", "a"], [])
    assert await shown(query="tea", category="green", order="dear") == ["a", "c"]
    assert (await shown(query="b-1"), await shown(query="…")) == (["b"], [])
    for place in (-1, 10**30):  # a page that nobody was offered
        assert not (await catalogue.products(ann, place, 8)).products
    assert await counts() == [("black", 1), ("green", 2)]
    await put("a", fen(50), category="black", position=9, product_id=first)
    assert (await shown(order="cheap"), await counts()) == (
        ["a", "b", "c"],
        [("black", 2), ("green", 1)],
    )
    await products.sell(first, active=False, now=NOW)
    assert (await shown(), await listing.count("CNY"), await listing.count("EUR")) == (["b", "c"], 2, 2)


async def test_what_the_release_before_changes_is_listed_soon(any_shop: Shop) -> None:
    made = await put("a", fen(300), category="green")
    await Price.all().update(amount=100)
    await Product.filter(id=made).update(category="black")
    await ProductSearch.filter(product_id=made).update(listed=False)  # its INSERT knows of no such column
    await product_search.mend()
    assert await counts() == [("black", 1)]


async def test_a_page_is_read_in_its_order(shop: Shop) -> None:
    for order in ORDERS:
        for category in ("", "green"):
            if category and order in ("cheap", "dear", "new"):
                continue  # a part of the shop may be sorted
            wanted = Wanted(category=category, order=order)
            sql = listing.page_of(wanted)
            _, plan = await client().execute_query(
                f"EXPLAIN QUERY PLAN {sql}", ["CNY", *filter(None, [category]), 25, 0]
            )
            steps = [str(row["detail"]) for row in plan]
            assert len(steps) == 1, (wanted, steps)
            assert "USING COVERING INDEX" in steps[0], (wanted, steps)


async def test_a_product_among_others_is_as_it_is_alone(any_shop: Shop) -> None:
    """The one is reckoned by the database, the other one here."""
    await put("a", fen(300), fen(200), fen(900), Money(1, "EUR"))
    for sku, place, pieces in (("a-0", "main", 5), ("a-0", "closed", 50), ("a-1", "main", 1), ("a-3", "main", 7)):
        await products.place(place, {"en": place}, active=place != "closed", position=place == "closed")
        await products.count(sku, {place: pieces})
    await put("b", fen(100))
    ann = await any_shop.customer()
    await any_shop.wants(ann, "a-1")
    order = await any_shop.buys(ann, "a-0", 2)
    await products.count("a-1", {"main": 0})  # somebody counted again: more is held than lies there
    shown = {one.sku: one for one in (await catalogue.products(any_shop.at(ann))).products}
    assert (shown["a"].available, shown["a"].varies, shown["a"].only) == (3, True, "")
    assert (shown["b"].available, shown["b"].varies, shown["b"].only) == (0, False, "b-0")
    for sku, one in shown.items():
        assert one == (await catalogue.variants(any_shop.at(ann), sku)).product == await catalogue.product(ann, sku)
    assert order.total == fen(800)
