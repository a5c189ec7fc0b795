"""Orders step by step: the state machine, what each step moves, and when time is over."""

from __future__ import annotations

import msgspec
import pytest

from bot.core.errors import BadInput, Refused
from bot.services import orders, placing
from bot.services.contacts import Address
from bot.services.order_states import BY_STAFF, STATES, STEPS, Doing, allowed
from bot.services.orders import EXPIRE_AT_ONCE, OrderView
from bot.services.shipments import Parcel, Piece
from models import Order, OrderLine
from models.database import transaction
from tests.unit.services.shop import Shop, held, on_shelf, steps_of

#: Written out once more, by hand: what each state allows.
LEADS_ON = {
    "placed": {"pay", "confirm", "cancel", "expire"},
    "confirmed": {"pay", "pack", "cancel", "cancel_part"},
    "paid": {"pack", "cancel", "cancel_part", "refund"},
    "preparing": {"collect", "pack", "ship", "cancel", "cancel_part", "refund"},  # as an earlier release left it
    "packed": {"collect", "ship", "cancel", "cancel_part", "refund"},
    "partly_shipped": {"collect", "ship", "cancel_part", "refund"},
    "shipped": {"collect", "deliver", "complete", "return", "refund"},
    "delivered": {"collect", "complete", "return", "refund"},
    "completed": {"collect", "return", "refund"},
    "cancelled": {"refund"},
    "expired": {"pay", "refund"},
    "returned": {"refund"},
    "refunded": set[str](),
}
#: And who takes each step.
TAKEN_BY = {
    "pay": {"provider"}, "confirm": {"customer"}, "collect": {"provider"}, "pack": {"agent", "store"},
    "ship": {"agent", "store"}, "deliver": {"agent"}, "complete": {"customer", "agent", "clock"},
    "cancel": {"customer", "agent"}, "cancel_part": {"manager"}, "expire": {"clock"}, "return": {"agent"},
    "refund": {"manager"},
}  # fmt: skip

WAY = {
    "placed": (),
    "paid": (),
    "confirmed": (),
    "preparing": (),
    "packed": ("pack",),
    "partly_shipped": ("pack",),
    "shipped": ("pack", "ship"),
    "delivered": ("pack", "ship", "deliver"),
    "completed": ("pack", "ship", "complete"),
    "cancelled": ("cancel",),
    "returned": ("pack", "ship", "return"),
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
    if state == "confirmed":
        return await shop.is_delivered_unpaid(scope, order)
    if state != "placed":
        await shop.pays(scope, order)
    order = await shop.advances(order, *WAY[state])
    if state == "preparing":
        await Order.filter(id=order.id).update(state=state)
    if state == "partly_shipped":
        [line] = await OrderLine.filter(order_id=order.id)
        async with transaction():
            order = await orders.advance(order.id, "ship", "staff:1", shop.now, Doing(pieces=(Piece(line.id, 1),)))
    return order


def test_the_table_says_what_this_file_says() -> None:
    assert {state: set(allowed(state)) for state in STATES} == LEADS_ON
    assert {name: set(step.by) for name, step in STEPS.items()} == TAKEN_BY
    assert set(BY_STAFF) == {name for name, by in TAKEN_BY.items() if by & {"agent", "manager"}}


@pytest.mark.parametrize("state", STATES)
async def test_staff_take_the_steps_that_lead_on_and_no_other(shop: Shop, state: str) -> None:
    order = await an_order(shop, state)
    before, shelf = await steps_of(order.id), await on_shelf()
    unpaid = state in ("placed", "expired", "confirmed")
    for step in BY_STAFF:
        if step in LEADS_ON[state] and not (step == "refund" and unpaid):
            continue  # below, and of parts in test_order_parts
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
    ("paid", "pack"): (8, 0),
    ("paid", "cancel"): (10, 0),
    ("paid", "refund"): (10, 0),
    ("confirmed", "pack"): (8, 0),
    ("confirmed", "cancel"): (10, 0),
    ("preparing", "pack"): (8, 0),
    ("preparing", "ship"): (8, 0),
    ("preparing", "cancel"): (10, 0),
    ("preparing", "refund"): (10, 0),
    ("packed", "ship"): (8, 0),
    ("packed", "cancel"): (10, 0),
    ("packed", "refund"): (10, 0),
    ("partly_shipped", "ship"): (8, 0),
    ("partly_shipped", "refund"): (9, 0),
    ("shipped", "deliver"): (8, 0),
    ("shipped", "complete"): (8, 0),
    ("shipped", "return"): (8, 0),
    ("shipped", "refund"): (8, 0),
    ("delivered", "complete"): (8, 0),
    ("delivered", "return"): (8, 0),
    ("delivered", "refund"): (8, 0),
    ("completed", "return"): (8, 0),
    ("completed", "refund"): (8, 0),
    ("cancelled", "refund"): (10, 0),
    ("returned", "refund"): (8, 0),
}


@pytest.mark.parametrize(("state", "step"), AFTER)
async def test_a_step_moves_state_stock_and_audit_together(shop: Shop, state: str, step: str) -> None:
    order = await an_order(shop, state)
    before = await steps_of(order.id)
    shop.later(hours=1)
    async with transaction():
        moved = await orders.advance(order.id, step, "staff:7", shop.now, Doing("as agreed"))
    assert moved.state == STEPS[step].to
    assert (await on_shelf(), await held()) == AFTER[state, step]
    assert await steps_of(order.id) == [*before, (state, moved.state, "staff:7")]
    row = await Order.get(id=order.id)
    assert (row.updated_at, row.hold_until) == (shop.now, None)
    if moved.state in ("delivered", "completed") and state == "shipped":
        assert row.delivered_at == shop.now


def test_every_step_of_staff_is_covered() -> None:
    whole = [step for step in BY_STAFF if step != "cancel_part"]
    pairs = {(state, step) for state in STATES for step in whole if step in LEADS_ON[state]}
    assert pairs == {*AFTER, ("expired", "refund")}


async def test_a_step_that_staff_do_not_take(shop: Shop) -> None:
    order = await an_order(shop, "placed")
    for step in ("pay", "expire", "", "sell"):
        with pytest.raises(BadInput, match="not a step at the desk"):
            await shop.advances(order, step)
    with pytest.raises(Refused, match="no_order"):
        await orders.advance(order.id + 1, "cancel", "staff:1", shop.now)


async def test_values_cross_into_a_journal_and_back(shop: Shop) -> None:
    order = await an_order(shop, "paid")
    assert msgspec.convert(msgspec.to_builtins(order), OrderView) == order


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
        await placing.insert(scope, Address("a", "", "b"), total=1, numbers=lambda number=number: f"N-{number}")  # type: ignore[misc]
    shop.later(hours=1)
    async with transaction():
        assert len(await orders.expire(shop.now)) == EXPIRE_AT_ONCE
    async with transaction():
        assert len(await orders.expire(shop.now)) == 1


@pytest.mark.parametrize("state", STATES)
async def test_a_customer_cancels_before_it_is_shipped(shop: Shop, state: str) -> None:
    order = await an_order(shop, state)
    scope = await shop.customer(contact=order.contact_id)
    if "cancel" in LEADS_ON[state]:
        async with transaction():
            cancelled = await orders.cancel(scope, order.number)
        assert (cancelled.state, cancelled.paid_at is not None) == ("cancelled", state not in ("placed", "confirmed"))
        assert (await on_shelf(), await held()) == (10, 0)
        assert (await steps_of(order.id))[-1] == (state, "cancelled", "customer")
        return
    with pytest.raises(Refused, match="wrong_state") as refused:
        await orders.cancel(scope, order.number)
    assert refused.value.facts["state"] == state


async def test_reviewable_is_what_was_paid_and_not_reviewed(shop: Shop) -> None:
    order = await an_order(shop, "shipped")
    scope = await shop.customer(contact=order.contact_id)
    await shop.buys(scope)
    assert [one.number for one in await orders.reviewable(scope)] == [order.number]


async def test_a_step_is_for_those_whose_it_is(shop: Shop) -> None:
    order = await Order.get(id=(await an_order(shop, "packed")).id)
    for step, actor in (
        ("ship", "customer"),
        ("cancel", "clock"),
        ("collect", "staff:1"),
        ("refund", "provider:local"),
    ):
        with pytest.raises(BadInput, match="is not a step for"):
            await orders.move(order, step, actor, shop.now)


async def test_what_came_back_is_for_sale_again_where_staff_say_so(shop: Shop) -> None:
    order = await an_order(shop, "delivered")
    async with transaction():
        await orders.advance(order.id, "return", "staff:1", shop.now, Doing(restock=True))
    assert await on_shelf() == 10


async def test_what_it_was_sent_as_is_kept_with_it(shop: Shop) -> None:
    order, parcel = await an_order(shop, "packed"), Parcel("SF", "SF1234567", "https://sf.example/SF1234567")
    for wrong in (Parcel(url="javascript:alert(1)"), Parcel(number="7" * 81)):
        with pytest.raises(Refused, match=r"bad_link|too_long"):
            async with transaction():
                await orders.advance(order.id, "ship", "staff:1", shop.now, Doing(parcel=wrong))
    async with transaction():
        sent = await orders.advance(order.id, "ship", "staff:1", shop.now, Doing(parcel=parcel))
    assert sent.parcels == (parcel,)
    assert msgspec.convert(msgspec.to_builtins(sent), OrderView) == sent
