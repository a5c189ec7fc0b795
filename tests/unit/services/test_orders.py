"""Placing, every step allowed and refused, expiry, and what each does to the stock."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.services import cart, orders
from bot.services.order_states import BY_STAFF, STEPS, allowed
from bot.services.orders import ALPHABET, EXPIRE_AT_ONCE, OrderView
from bot.services.scope import ORDER_HOLD
from models import CartLine, Order, OrderLine, Product
from models.database import transaction
from tests.unit.services.shop import NOW, Shop, held, on_shelf, steps_of

STATES = ("placed", "paid", "preparing", "shipped", "completed", "cancelled", "expired", "refunded")
#: Written out once more, by hand: what each state allows, and who may do it at the desk.
LEADS_ON = {
    "placed": {"pay", "cancel", "expire"},
    "paid": {"prepare", "cancel", "refund"},
    "preparing": {"ship", "cancel", "refund"},
    "shipped": {"complete", "refund"},
    "completed": {"refund"},
    "cancelled": {"refund"},
    "expired": {"pay", "refund"},
    "refunded": set[str](),
}
WAY = {
    "placed": (),
    "paid": (),
    "preparing": ("prepare",),
    "shipped": ("prepare", "ship"),
    "completed": ("prepare", "ship", "complete"),
    "cancelled": ("cancel",),
    "refunded": ("refund",),
}


async def an_order(shop: Shop, state: str) -> OrderView:
    """An order that came to `state` by its own steps; paid on the way unless placed or expired."""
    await shop.product(stock=10)
    scope = await shop.customer()
    order = await shop.buys(scope, quantity=2)
    if state == "expired":
        shop.later(minutes=30)
        async with transaction():
            return (await orders.expire(shop.now))[0]
    if state != "placed":
        await shop.pays(scope, order)
    return await shop.advances(order, *WAY[state])


def test_the_table_says_what_this_file_says() -> None:
    assert {state: set(allowed(state)) for state in STATES} == LEADS_ON
    assert set(BY_STAFF) == set(STEPS) - {"pay", "expire"}


@pytest.mark.parametrize("state", STATES)
async def test_staff_take_the_steps_that_lead_on_and_no_other(shop: Shop, state: str) -> None:
    order = await an_order(shop, state)
    before, shelf = await steps_of(order.id), await on_shelf()
    unpaid = state in ("placed", "expired")
    for step in BY_STAFF:
        if step in LEADS_ON[state] and not (step == "refund" and unpaid):
            continue
        code = "nothing_paid" if step in LEADS_ON[state] else "wrong_state"
        with pytest.raises(Refused) as refused:
            await shop.advances(order, step)
        assert refused.value.code == code
        assert refused.value.facts["number"] == order.number
    assert (await steps_of(order.id), await on_shelf()) == (before, shelf)
    assert (await Order.get(id=order.id)).state == state


#: What is on the shelf of ten, and held, after each step from each state; two pieces were ordered.
AFTER = {
    ("placed", "cancel"): (10, 0),
    ("paid", "prepare"): (8, 0),
    ("paid", "cancel"): (10, 0),
    ("paid", "refund"): (10, 0),
    ("preparing", "ship"): (8, 0),
    ("preparing", "cancel"): (10, 0),
    ("preparing", "refund"): (10, 0),
    ("shipped", "complete"): (8, 0),
    ("shipped", "refund"): (8, 0),
    ("completed", "refund"): (8, 0),
    ("cancelled", "refund"): (10, 0),
}


@pytest.mark.parametrize(("state", "step"), AFTER)
async def test_a_step_moves_state_stock_and_audit_together(shop: Shop, state: str, step: str) -> None:
    order = await an_order(shop, state)
    before = await steps_of(order.id)
    shop.later(hours=1)
    async with transaction():
        moved = await orders.advance(order.id, step, "staff:7", shop.now, "as agreed")
    assert moved.state == STEPS[step].to
    assert (await on_shelf(), await held()) == AFTER[state, step]
    assert await steps_of(order.id) == [*before, (state, moved.state, "staff:7")]
    row = await Order.get(id=order.id)
    assert (row.updated_at, row.hold_until) == (shop.now, None)


def test_every_step_of_staff_is_covered() -> None:
    pairs = {(state, step) for state in STATES for step in BY_STAFF if step in LEADS_ON[state]}
    assert pairs == {*AFTER, ("expired", "refund")}


async def test_a_step_that_staff_do_not_take(shop: Shop) -> None:
    order = await an_order(shop, "placed")
    for step in ("pay", "expire", "", "sell"):
        with pytest.raises(BadInput, match="not a step at the desk"):
            await shop.advances(order, step)
    with pytest.raises(Refused, match="no_order"):
        await orders.advance(order.id + 1, "cancel", "staff:1", shop.now)


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


async def test_values_cross_into_a_journal_and_back(shop: Shop) -> None:
    order = await an_order(shop, "paid")
    assert msgspec.convert(msgspec.to_builtins(order), OrderView) == order


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
            await orders.place(scope, name, phone, address)
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
    await Product.filter(sku="tea").update(price=7200)
    with pytest.raises(Refused) as refused:
        await shop.checks_out(scope)
    assert (refused.value.code, refused.value.facts) == (
        "price_changed", {"name": "tea tea", "old": Money(6800, "CNY"), "new": Money(7200, "CNY")},
    )  # fmt: skip
    async with transaction():
        await cart.accept_prices(scope)
    assert (await shop.checks_out(scope)).total == Money(14400, "CNY")


async def test_a_hold_that_is_over_holds_nothing(shop: Shop) -> None:
    await shop.product(stock=1)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    await shop.buys(ann)
    with pytest.raises(Refused, match="sold_out"):
        await shop.wants(bob)
    shop.later(minutes=30)
    await shop.buys(bob)


async def test_expiry_ends_what_is_over_and_nothing_else(shop: Shop) -> None:
    await shop.product(stock=10)
    scope = await shop.customer()
    early = await shop.buys(scope)
    shop.later(minutes=1)
    late = await shop.buys(scope, quantity=2)
    paid = await shop.buys(scope, quantity=3)
    await shop.pays(scope, paid)
    shop.later(minutes=29)
    async with transaction():
        ended = await orders.expire(shop.now)
    assert [(order.id, order.state, order.conversation_id) for order in ended] == [
        (early.id, "expired", scope.conversation_id)
    ]
    assert await steps_of(early.id) == [("", "placed", "customer"), ("placed", "expired", "clock")]
    assert await held() == 2
    assert [order.state for order in await orders.mine(scope)] == ["paid", "placed", "expired"]
    assert (await orders.find(scope, late.number)) == late


async def test_expiry_takes_a_batch_at_a_time(shop: Shop) -> None:
    scope = await shop.customer()
    for number in range(EXPIRE_AT_ONCE + 1):
        await orders.insert(scope, "a", "", "b", total=1, numbers=lambda number=number: f"N-{number}")  # type: ignore[misc]
    shop.later(hours=1)
    async with transaction():
        assert len(await orders.expire(shop.now)) == EXPIRE_AT_ONCE
    async with transaction():
        assert len(await orders.expire(shop.now)) == 1


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


@pytest.mark.parametrize("state", STATES)
async def test_a_customer_cancels_before_it_is_shipped(shop: Shop, state: str) -> None:
    order = await an_order(shop, state)
    scope = await shop.customer(contact=order.contact_id)
    if state in ("placed", "paid", "preparing"):
        async with transaction():
            cancelled = await orders.cancel(scope, order.number)
        assert (cancelled.state, cancelled.paid_at is not None) == ("cancelled", state != "placed")
        assert (await on_shelf(), await held()) == (10, 0)
        assert (await steps_of(order.id))[-1] == (state, "cancelled", "customer")
        return
    with pytest.raises(Refused, match="wrong_state") as refused:
        await orders.cancel(scope, order.number)
    assert refused.value.facts["state"] == state


def test_numbers_are_readable_and_all_their_own() -> None:
    numbers = {orders.new_number() for _ in range(500)}
    assert len(numbers) == 500
    assert all(len(number) == 9 and number[4] == "-" for number in numbers)
    assert {letter for number in numbers for letter in number} == {*ALPHABET, "-"}
    assert not set(ALPHABET) & set("0O1I")


@pytest.mark.parametrize("typed", ["P7K2-4M9Q", "p7k2-4m9q", " #P7K2 4M9Q", "p7k24m9q."])
def test_a_number_is_found_however_it_is_typed(typed: str) -> None:
    assert orders.normalise(typed) == "P7K2-4M9Q"


@pytest.mark.parametrize("typed", ["A-1", "P7K2-4M9", "订单"])
def test_what_is_not_our_number_stays_as_it_is(typed: str) -> None:
    assert orders.normalise(f" {typed} ") == typed


async def test_a_taken_number_is_drawn_again(any_shop: Shop) -> None:
    scope = await any_shop.customer()
    drawn = iter(["A", "A", "A", "B"])
    async with transaction():
        first = await orders.insert(scope, "a", "", "b", total=1, numbers=lambda: next(drawn))
        second = await orders.insert(scope, "a", "", "b", total=1, numbers=lambda: next(drawn))
    assert (first.number, second.number, await Order.all().count()) == ("A", "B", 2)


async def test_reviewable_is_what_was_paid_and_not_reviewed(shop: Shop) -> None:
    order = await an_order(shop, "shipped")
    scope = await shop.customer(contact=order.contact_id)
    await shop.buys(scope)
    assert [one.number for one in await orders.reviewable(scope)] == [order.number]


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
