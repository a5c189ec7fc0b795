"""Pieces at places: sold from all that are active, never more than there are, and put back where they were."""

from __future__ import annotations

import asyncio
import contextvars
from dataclasses import replace

import pytest

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.services import cart, catalogue, orders, placing, products, stock
from bot.services.contacts import Address
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Order, Place, Price, Product, Stock, StockHold, StockPick, Variant
from models.database import execute, transaction
from tests.unit.services.race import Rival
from tests.unit.services.shop import NOW, Shop, held, on_shelf, stocked

SIZES = ({"en": "Small", "zh": "小"}, {"en": "Large", "zh": "大"})


def price(amount: int, currency: str = "CNY") -> PriceSpec:
    return PriceSpec(Money(amount, currency))


async def shirt(**pieces: int) -> Product:
    """In two sizes, the large one also in euros; so many of the small one at places by their codes."""
    small, large = (VariantSpec(f"shirt-{size['en'][0]}", [price(9900)], [size]) for size in SIZES)
    large = replace(large, prices=[price(10900), price(1500, "EUR")])
    spec = ProductSpec("shirt", {"en": "Shirt", "zh": "衬衫"}, [small, large], options=[{"en": "Size", "zh": "尺寸"}])
    return await stocked(spec, {"shirt-S": pieces, "shirt-L": {"main": 1}}, NOW)


async def lying(sku: str) -> dict[str, int]:
    return {row.place.code: row.pieces for row in await Stock.filter(variant__sku=sku).prefetch_related("place")}


async def test_200_buyers_get_the_10_pieces_of_two_places(any_shop: Shop) -> None:
    await shirt(north=6, south=4)
    buyers = [await any_shop.customer(f"Buyer {number}") for number in range(200)]
    for buyer in buyers:
        await any_shop.wants(buyer, "shirt-S")
    clean = contextvars.copy_context()

    async def tries(number: int) -> str:
        try:
            async with transaction():
                return (await orders.place(buyers[number], Address("Ann", "", "1 Tea Lane"))).number
        except Refused as refused:
            return refused.code

    loop = asyncio.get_running_loop()
    said = await asyncio.gather(*(loop.create_task(tries(one), context=clean.copy()) for one in range(200)))
    bought = [one for one in said if one != "sold_out"]
    assert (len(bought), said.count("sold_out"), await held("shirt-S")) == (10, 190, 10)
    for order in await Order.all().order_by("id"):
        buyer = next(one for one in buyers if one.contact_id == order.contact_id)
        await any_shop.pays(buyer, (await orders.mine(buyer))[0])
    assert (await lying("shirt-S"), await held("shirt-S")) == ({"north": 0, "south": 0}, 0)


async def test_pieces_go_back_to_the_places_that_they_came_from(any_shop: Shop) -> None:
    await shirt(north=2, south=3)
    ann = await any_shop.customer()
    for quantity, left in (
        (3, {"north": 2, "south": 0}),
        (5, {"north": 0, "south": 0}),
    ):  # one place that has all, first
        order = await any_shop.buys(ann, "shirt-S", quantity)
        await any_shop.pays(ann, order)
        assert await lying("shirt-S") == left
        await any_shop.advances(order, "cancel")
        assert await lying("shirt-S") == {"north": 2, "south": 3}


async def test_a_place_that_is_closed_sells_nothing(shop: Shop) -> None:
    await shirt(north=2, south=3)
    await products.place("south", {"en": "South"}, active=False)
    ann = await shop.customer()
    with pytest.raises(Refused) as refused:
        await shop.wants(ann, "shirt-S", 3)
    assert refused.value.facts == {"name": "Shirt (Small)", "available": 2}


async def test_a_product_shows_its_variants_in_the_customers_language(shop: Shop) -> None:
    await shirt(main=2)
    scope = await shop.customer(locale="zh")
    found = await catalogue.variants(scope, "shirt")
    assert (found.product.price, found.product.varies, found.product.available, found.product.only) == (
        Money(9900, "CNY"), True, 3, "",
    )  # fmt: skip
    assert (found.options, [(one.sku, one.values, one.price.amount) for one in found.variants]) == (
        ("尺寸",), [("shirt-S", ("小",), 9900), ("shirt-L", ("大",), 10900)],
    )  # fmt: skip
    euros = await catalogue.variants(replace(scope, currency="EUR"), "shirt")
    assert (euros.product.only, [one.price for one in euros.variants]) == ("shirt-L", [Money(1500, "EUR")])


async def test_a_cart_is_ordered_in_one_currency_and_the_rest_waits(shop: Shop) -> None:
    await shirt(main=2)
    ann = await shop.customer()
    await shop.wants(ann, "shirt-S")
    await shop.wants(ann, "shirt-L")
    abroad = replace(ann, currency="EUR")
    [line] = (await cart.view(abroad)).lines
    assert (line.sku, line.price, line.was) == ("shirt-L", Money(1500, "EUR"), Money(10900, "CNY"))
    with pytest.raises(Refused, match="price_changed"):
        await shop.checks_out(abroad)
    async with transaction():
        await cart.accept_prices(abroad)
    order = await shop.checks_out(abroad)
    assert (order.total, [line.name for line in order.lines]) == (Money(1500, "EUR"), ["Shirt (Large)"])
    assert [line.sku for line in (await cart.view(ann)).lines] == ["shirt-S"]


async def test_a_product_is_saved_whole(shop: Shop) -> None:
    row = await shirt(main=2)
    large = VariantSpec("shirt-XL", [price(12000)], [{"en": "Extra large"}], was="shirt-L")
    spec = ProductSpec("shirt", {"en": "T-shirt"}, [large], options=[{"en": "Size"}])
    await products.save(spec, NOW, product_id=row.id)
    assert [(one.sku, one.active) for one in await Variant.all().order_by("id")] == [
        ("shirt-S", False), ("shirt-XL", True),
    ]  # fmt: skip
    assert await lying("shirt-XL") == {"main": 1}
    assert await Price.filter(variant__sku="shirt-XL").values_list("currency", "amount") == [("CNY", 12000)]


@pytest.mark.parametrize("order", [1, -1])
async def test_a_variant_keeps_its_row_whatever_becomes_of_skus(any_shop: Shop, order: int) -> None:
    row = await shirt(main=2)
    before = dict(await Variant.all().values_list("sku", "id"))
    small, large = before["shirt-S"], before["shirt-L"]

    async def named(*skus: tuple[str, str]) -> dict[str, int]:
        specs = [VariantSpec(sku, [price(1)], [{"en": f"{sku} {was}"}], was=was) for sku, was in skus][::order]
        spec = ProductSpec("shirt", {"en": "Shirt"}, specs, options=[{"en": "Size"}])
        await products.save(spec, NOW, product_id=row.id)
        return {one.sku: one.id for one in await Variant.filter(active=True)}

    swapped = ("shirt-L", "shirt-S"), ("shirt-S", "shirt-L")
    assert await named(*swapped) == {"shirt-L": small, "shirt-S": large}
    moved = await named(("shirt-M", "shirt-L"), ("shirt-L", ""), ("shirt-S", "shirt-S"))
    assert moved == {"shirt-M": small, "shirt-S": large, "shirt-L": moved["shirt-L"]}
    assert moved["shirt-L"] not in before.values()
    assert await named(("shirt-M", "old"), ("shirt-S", "")) == {"shirt-M": small, "shirt-S": large}  # said again
    for skus, which in (
        ((("shirt-S", "shirt-M"),), "shirt-S"),  # of one that is not sold any more
        ((("shirt-X", "shirt-M"), ("shirt-Y", "shirt-M")), "shirt-Y" if order > 0 else "shirt-X"),
    ):
        with pytest.raises(Refused) as refused:
            await named(*skus)
        assert refused.value.facts["sku"] == which


async def test_a_place_that_two_make_at_once_is_one(any_shop: Shop) -> None:
    rival = Rival(lambda: products.place("north", {"en": "Theirs"}))
    async with transaction():
        ours = await products.place("north", {"en": "Ours"})
        await rival.comes()
    assert ((await rival.ends()).id, (await Place.get()).name) == (ours.id, {"en": "Theirs"})


SMALL = VariantSpec("a", [price(1)], [SIZES[0]])
SIZED = ProductSpec("x", {"en": "X"}, [SMALL], options=[{"en": "Size"}])


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (replace(SIZED, sku=" "), "missing"),
        (replace(SIZED, sku="x" * 65), "too_long"),
        (replace(SIZED, name={"en": ""}), "missing"),
        (replace(SIZED, variants=[]), "missing"),
        (replace(SIZED, options=[{"en": str(number)} for number in range(6)]), "too_many"),
        (replace(SIZED, variants=[replace(SMALL, values=[])]), "bad_values"),
        (replace(SIZED, variants=[SMALL, replace(SMALL, sku="b")]), "same_values"),
        (replace(SIZED, variants=[replace(SMALL, prices=[])]), "no_price"),
        (replace(SIZED, variants=[replace(SMALL, prices=[price(0)])]), "bad_price"),
        (replace(SIZED, variants=[replace(SMALL, prices=[price(1), price(2)])]), "bad_price"),
        (replace(SIZED, variants=[SMALL, replace(SMALL, values=[SIZES[1]])]), "sku_twice"),
        (replace(SIZED, variants=[SMALL, replace(SMALL, sku="b", values=[{"en": "Tiny", "zh": "小"}])]), "same_values"),
        (replace(SIZED, sku="shirt"), "sku_taken"),
        (replace(SIZED, variants=[replace(SMALL, sku="shirt-S")]), "sku_taken"),
        (replace(SIZED, pictures=[404]), "no_file"),  # deleted since whoever chose it was asked about
    ],
)
async def test_what_cannot_be_sold_is_refused(shop: Shop, spec: ProductSpec, code: str) -> None:
    await shirt(main=1)
    with pytest.raises(Refused, match=code):
        await products.save(spec, NOW)
    assert await Product.all().count() == 1


async def test_a_count_does_not_undo_a_sale(shop: Shop) -> None:
    await shirt(main=2)
    with pytest.raises(Refused, match="stock_moved"):
        async with transaction():
            await products.count("shirt-S", {"main": 5}, {"main": 3})
    async with transaction():
        assert await products.count("shirt-S", {"main": 5}, {"main": 2}) == {"main": 2}
    assert await on_shelf("shirt-S") == 5
    for places, code in (({"moon": 1}, "no_place"), ({"main": -1}, "bad_quantity")):
        with pytest.raises(Refused, match=code):
            await products.count("shirt-S", places)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("68", "CNY", 6800), (" 68.5 ", "CNY", 6850), ("0.125", "KWD", 125), ("7", "JPY", 7)],
)
def test_an_amount_is_read_exactly(text: str, currency: str, amount: int) -> None:
    assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency"), [("68.505", "CNY"), ("7.0", "JPY"), ("-1", "CNY"), ("1e3", "CNY"), ("", "CNY")]
)
def test_decimals_that_a_currency_has_not_are_refused(text: str, currency: str) -> None:
    with pytest.raises(BadInput):
        Money.parse(text, currency)


@pytest.fixture(params=["postgres", "mariadb"])
def shared(request: pytest.FixtureRequest) -> Shop:
    """On a database that several nodes have, also of the release before."""
    made: Shop = request.getfixturevalue(request.param)
    return made


async def test_a_node_of_the_release_before_sells_the_same_pieces(shared: Shop) -> None:
    shop = shared
    tea = await shop.product(stock=0)
    await Product.filter(id=tea.id).update(stock=5, currency="CNY", price=6800)  # as its row was before
    ann = await shop.customer()
    await shop.pays(ann, await shop.buys(ann, quantity=2))
    assert (await Product.get(id=tea.id)).stock == 3
    bob = await shop.customer("Bob")
    order = await placing.insert(bob, Address("Bob", "", "x"), total=6800)
    old = (
        ("INSERT INTO cart_line (contact_id, product_id, quantity, price_seen, created_at) VALUES (?,?,?,?,?)",
         (bob.contact_id, tea.id, 1, 6800, NOW)),
        ("INSERT INTO order_line (order_id, product_id, sku, name, quantity, price) VALUES (?,?,?,?,?,?)",
         (order.id, tea.id, "tea", "Tea", 1, 6800)),
        ("INSERT INTO stock_hold (order_id, product_id, quantity, expires_at) VALUES (?,?,?,?)",
         (order.id, tea.id, 1, NOW + bob.order_hold)),
    )  # fmt: skip
    async with transaction() as connection:
        await execute(connection, [(sql, [values]) for sql, values in old])
    [variant] = await Variant.all()
    assert await stock.available([variant.id], NOW) == {variant.id: 2}
    assert [line.sku for line in (await cart.view(bob)).lines] == ["tea"]
    async with transaction() as connection:
        await execute(connection, [("UPDATE product SET stock = stock - 1 WHERE id = ?", [(tea.id,)])])
    await StockHold.all().delete()
    assert (await on_shelf(), await stock.available([variant.id], NOW)) == (2, {variant.id: 2})
    await products.place("north", {"en": "North"})
    await products.place("main", {"en": "Shop"}, position=1)
    async with transaction():
        await stock.restock(order.id)
    assert (await on_shelf(), (await Product.get(id=tea.id)).stock) == (3, 3)


async def test_what_was_sold_before_there_were_places_goes_back_to_one_that_sells(shop: Shop) -> None:
    await shop.product(stock=2)
    ann = await shop.customer()
    order = await shop.buys(ann)
    await shop.pays(ann, order)
    await StockPick.all().delete()
    await products.place("north", {"en": "North"}, position=1)
    await products.place("main", {"en": "Shop"}, active=False)
    async with transaction():
        await stock.restock(order.id)
    assert await lying("tea") == {"main": 1, "north": 1}
