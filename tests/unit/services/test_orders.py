"""Orders: placed from a cart, found by whom they belong to, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import cart, orders, placing
from bot.services.contacts import Address
from bot.services.order_numbers import ALPHABET, new_number, normalise
from bot.services.scope import ORDER_HOLD
from models import CartLine, Order, OrderLine, Product
from models.database import transaction
from tests.unit.services.shop import NOW, Shop, costs, held, on_shelf, steps_of


async def test_an_order_is_what_was_in_the_cart(shop: Shop) -> None:
    await shop.product("green", price=6800, stock=5)
    await shop.product("red", price=125, stock=5)
    scope = await shop.customer(locale="zh-CN")
    await shop.wants(scope, "green", 2)
    await shop.wants(scope, "red", 3)
    order = await shop.checks_out(scope)
    assert [(line.sku, line.name, line.quantity, line.price, line.subtotal) for line in order.lines] == [
        ("green", "green茶", 2, Money(6800, "CNY"), Money(13600, "CNY")),
        ("red", "red茶", 3, Money(125, "CNY"), Money(375, "CNY")),
    ]
    assert order.total == Money(13975, "CNY")
    assert (order.state, order.hold_until, order.created_at) == ("placed", NOW + ORDER_HOLD, NOW)
    assert await steps_of(order.id) == [("", "placed", "customer")]
    assert (await on_shelf("green"), await held("green")) == (5, 2)
    assert (await cart.view(scope)).lines == ()
    row = await Order.get(id=order.id)
    assert (row.account, row.phone, row.conversation_id) == ("webchat", "555 0100", scope.conversation_id)


async def test_an_empty_cart_is_no_order(shop: Shop) -> None:
    scope = await shop.customer()
    with pytest.raises(Refused, match="cart_empty"):
        await shop.checks_out(scope)


@pytest.mark.parametrize(
    ("name", "phone", "address", "code", "field"),
    [
        (" ", "1", "x", "blank", "name"),
        ("x", "1", "\n", "blank", "address"),
        ("x" * 201, "1", "x", "too_long", "name"),
        ("x", "1" * 65, "x", "too_long", "phone"),
        ("x", "1", "x" * 1001, "too_long", "address"),
    ],
)
async def test_what_is_missing_or_too_long_is_named(
    shop: Shop, name: str, phone: str, address: str, code: str, field: str
) -> None:
    await shop.product()
    scope = await shop.customer()
    await shop.wants(scope)
    with pytest.raises(Refused, match=code) as refused:
        async with transaction():
            await orders.place(scope, Address(name, phone, address))
    assert refused.value.facts["field"] == field
    assert await Order.all().count() == 0
    assert len((await cart.view(scope)).lines) == 1


async def test_sold_out_meanwhile_keeps_the_cart(shop: Shop) -> None:
    await shop.product(stock=2)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    await shop.wants(ann, quantity=2)
    await shop.buys(bob)
    with pytest.raises(Refused) as refused:
        await shop.checks_out(ann)
    assert (refused.value.code, refused.value.facts) == ("sold_out", {"name": "tea tea", "available": 1})
    assert [line.quantity for line in (await cart.view(ann)).lines] == [2]
    assert (await Order.all().count(), await held()) == (1, 1)


async def test_no_longer_for_sale_is_sold_out(shop: Shop) -> None:
    product = await shop.product()
    scope = await shop.customer()
    await shop.wants(scope)
    await Product.filter(id=product.id).update(active=False)
    with pytest.raises(Refused, match="sold_out") as refused:
        await shop.checks_out(scope)
    assert refused.value.facts["available"] == 0


async def test_a_changed_price_is_asked_about_first(shop: Shop) -> None:
    await shop.product(price=6800)
    scope = await shop.customer()
    await shop.wants(scope, quantity=2)
    await costs(7200)
    with pytest.raises(Refused) as refused:
        await shop.checks_out(scope)
    assert (refused.value.code, refused.value.facts) == (
        "price_changed", {"name": "tea tea", "old": Money(6800, "CNY"), "new": Money(7200, "CNY")},
    )  # fmt: skip
    async with transaction():
        await cart.accept_prices(scope)
    assert (await shop.checks_out(scope)).total == Money(14400, "CNY")


async def test_only_ones_own_orders(shop: Shop) -> None:
    await shop.product()
    ann, bob = await shop.customer(), await shop.customer("Bob")
    order = await shop.buys(ann)
    assert await orders.find(bob, order.number) is None
    assert await orders.mine(bob) == ()
    with pytest.raises(Refused, match="no_order"):
        await orders.cancel(bob, order.number)


async def test_mine_are_the_ten_newest(shop: Shop) -> None:
    await shop.product(stock=100)
    scope = await shop.customer()
    placed = []
    for _ in range(11):
        shop.later(minutes=1)
        placed.append((await shop.buys(scope)).number)
    assert [order.number for order in await orders.mine(scope)] == placed[:0:-1]


def test_numbers_are_readable_and_all_their_own() -> None:
    numbers = {new_number() for _ in range(500)}
    assert len(numbers) == 500
    assert all(len(number) == 9 and number[4] == "-" for number in numbers)
    assert {letter for number in numbers for letter in number} == {*ALPHABET, "-"}
    assert not set(ALPHABET) & set("0O1I")


@pytest.mark.parametrize("typed", ["P7K2-4M9Q", "p7k2-4m9q", " #P7K2 4M9Q", "p7k24m9q."])
def test_a_number_is_found_however_it_is_typed(typed: str) -> None:
    assert normalise(typed) == "P7K2-4M9Q"


@pytest.mark.parametrize("typed", ["A-1", "P7K2-4M9", "订单"])
def test_what_is_not_our_number_stays_as_it_is(typed: str) -> None:
    assert normalise(f" {typed} ") == typed


async def test_a_taken_number_is_drawn_again(any_shop: Shop) -> None:
    scope = await any_shop.customer()
    drawn = iter(["A", "A", "A", "B"])
    async with transaction():
        first = await placing.insert(scope, Address("a", "", "b"), total=1, numbers=lambda: next(drawn))
        second = await placing.insert(scope, Address("a", "", "b"), total=1, numbers=lambda: next(drawn))
    assert (first.number, second.number, await Order.all().count()) == ("A", "B", 2)


async def test_a_product_in_another_currency_stays_in_the_cart(shop: Shop) -> None:
    await shop.product("tea")
    await shop.product("book", currency="EUR")
    scope = await shop.customer()
    await shop.wants(scope, "tea")
    await shop.wants(replace(scope, currency="EUR"), "book")
    order = await shop.checks_out(scope)
    assert [line.sku for line in order.lines] == ["tea"]
    assert await CartLine.all().count() == 1
    assert await OrderLine.all().count() == 1
