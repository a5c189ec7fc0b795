"""Orders that go in parts: what each shipment may hold, what is cancelled of the rest, and when all of it is there."""

from __future__ import annotations

import pytest

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.payment import Checkout, PaymentTruth
from bot.services import order_parts, order_states, orders, payments, settlement, webhooks
from bot.services import webhook_endpoints as endpoints
from bot.services.order_states import Doing
from bot.services.orders import OrderView
from bot.services.scope import Scope
from bot.services.shipments import Parcel, Piece
from models import LedgerEntry, Order, OrderCharge, OrderEvent, OrderLine, Payment, Refund, Shipment, WebhookEvent
from models.database import transaction
from tests.unit.services.shop import Shop, on_shelf


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    webhooks.forget()


SF, YTO = Parcel("SF Express", "SF1"), Parcel("YTO", "YT2")


async def an_order(shop: Shop) -> OrderView:
    """Three teas and two cups, paid and packed."""
    await shop.product(stock=10)
    await shop.product("cup", price=1000, stock=10)
    scope = await shop.customer()
    await shop.wants(scope, "tea", 3)
    order = await shop.buys(scope, "cup", 2)
    await shop.pays(scope, order)
    return await shop.advances(order, "pack")


async def pieces(order: OrderView, **counts: int) -> tuple[Piece, ...]:
    ids = {line.sku: line.id for line in await OrderLine.filter(order_id=order.id)}
    return tuple(Piece(ids[sku], count) for sku, count in counts.items())


async def takes(shop: Shop, order: OrderView, step: str, doing: Doing) -> OrderView:
    async with transaction():
        return await orders.advance(order.id, step, "staff:1", shop.now, doing)


async def test_an_order_leaves_in_parts_and_is_shipped_with_the_last(shop: Shop) -> None:
    order = await an_order(shop)
    await endpoints.create("https://shop.example/hooks", ("order.*",), False, 1, shop.now)
    first = await takes(shop, order, "ship", Doing(parcel=SF, pieces=await pieces(order, tea=2)))
    assert (first.state, [(line.sku, line.left) for line in first.lines]) == (
        "partly_shipped",
        [("tea", 1), ("cup", 2)],
    )
    assert first.is_split
    assert await orders.find(await shop.customer(contact=order.contact_id), order.number) == first
    second = await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=0, cup=1)))
    assert second.state == "partly_shipped"
    last = await takes(shop, order, "ship", Doing(parcel=YTO))
    assert (last.state, [line.left for line in last.lines]) == ("shipped", [0, 0])
    assert [(one.parcel, [(item.sku, item.quantity) for item in one.items]) for one in last.shipments] == [
        (SF, [("tea", 2)]), (Parcel(), [("cup", 1)]), (YTO, [("tea", 1), ("cup", 1)]),
    ]  # fmt: skip
    ids = [one.id for one in last.shipments]
    events = await OrderEvent.filter(shipment_id__in=ids).order_by("id")
    assert [(one.from_state, one.to_state, one.what, one.shipment_id) for one in events] == [
        ("packed", "partly_shipped", "shipped", ids[0]),
        ("partly_shipped", "partly_shipped", "shipped", ids[1]),
        ("partly_shipped", "shipped", "shipped", ids[2]),
    ]
    told = [(row.name, row.body) for row in await WebhookEvent.all().order_by("id")]
    assert [name for name, _ in told] == ["order.partly_shipped", "order.changed", "order.shipped"]
    assert f'"shipment":{{"id":{ids[0]},"lines":[{{"sku":"tea","quantity":2}}]}}' in told[0][1]
    assert "SF1" not in told[0][1]
    with pytest.raises(Refused, match="wrong_state"):
        await takes(shop, order, "ship", Doing())


@pytest.mark.parametrize(
    ("wanted", "code"),
    [({"tea": 2}, "too_many_pieces"), ({"cup": -1}, "too_many_pieces"), ({}, "no_pieces"), ({"tea": 0}, "no_pieces")],
)
@pytest.mark.parametrize("step", ["ship", "cancel_part"])
async def test_never_more_than_is_left(shop: Shop, step: str, wanted: dict[str, int], code: str) -> None:
    order = await an_order(shop)
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=1)))
    await takes(shop, order, "cancel_part", Doing("broken", pieces=await pieces(order, tea=1)))
    with pytest.raises(Refused) as refused:
        await takes(shop, order, step, Doing("broken", pieces=await pieces(order, **wanted)))
    assert refused.value.code == code
    if wanted == {"tea": 2}:
        assert refused.value.facts == {"name": "tea tea", "left": 1}
    with pytest.raises(BadInput, match="has no line"):
        await takes(shop, order, step, Doing("broken", pieces=(Piece(10**6, 1),)))
    assert (await Shipment.all().count(), await on_shelf()) == (1, 8)


async def test_what_is_left_is_cancelled_and_its_money_goes_back(shop: Shop) -> None:
    order = await an_order(shop)
    packed = await takes(shop, order, "cancel_part", Doing("one is broken", pieces=await pieces(order, tea=1)))
    assert (packed.state, [line.left for line in packed.lines]) == ("packed", [2, 2])
    assert (await on_shelf(), await on_shelf("cup")) == (8, 8)
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=2)))
    done = await takes(shop, order, "cancel_part", Doing("sold out", keeps=True))
    assert (done.state, [line.cancelled for line in done.lines]) == ("shipped", [1, 2])
    assert (await on_shelf(), await on_shelf("cup")) == (8, 10)
    assert [(row.amount, row.reason, row.staff_id) for row in await Refund.all()] == [(6800, "one is broken", 1)]
    rows = await OrderEvent.filter(what="cancelled").order_by("id")
    assert [(row.from_state, row.to_state, row.note) for row in rows] == [
        ("packed", "packed", "one is broken"), ("partly_shipped", "shipped", "sold out"),
    ]  # fmt: skip
    back = await takes(shop, await takes(shop, order, "deliver", Doing()), "return", Doing(restock=True))
    assert (back.state, await on_shelf(), await on_shelf("cup")) == ("returned", 10, 10)


async def test_all_of_an_order_is_not_a_part_and_money_is_given_back_once(shop: Shop) -> None:
    order = await an_order(shop)
    with pytest.raises(Refused, match="all_of_it"):
        await takes(shop, order, "cancel_part", Doing("why"))
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, cup=1)))
    whole = await takes(shop, order, "refund", Doing("why"))
    assert (whole.state, await on_shelf(), await on_shelf("cup")) == ("refunded", 10, 9)
    assert [row.amount for row in await Refund.all()] == [22400]


async def test_more_than_is_left_of_the_money_is_refused_and_nothing_changed(shop: Shop) -> None:
    order = await an_order(shop)
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, cup=2)))
    left = await order_parts.left(order.id, "CNY")
    assert [(one.sku, one.pieces, one.price) for one in left] == [("tea", 3, Money(6800, "CNY"))]
    await takes(shop, order, "cancel_part", Doing("why", pieces=await pieces(order, tea=2)))
    await Refund.all().update(amount=22000)  # as asked back by hand besides
    with pytest.raises(Refused, match="too_much"):
        await takes(shop, order, "cancel_part", Doing("why"))
    assert (await OrderLine.get(sku="tea")).cancelled == 2


async def test_what_goes_back_for_parts_is_what_was_paid_for_them_together(shop: Shop) -> None:
    await shop.product(price=5, stock=10)
    scope = await shop.customer()
    order = await shop.buys(scope, "tea", 10)
    await OrderCharge.create(order_id=order.id, kind="discount", name="TEN", amount=-5)
    await Order.all().update(total=45)
    await shop.settles(await shop.opens_payment(scope, order), Money(45, "CNY"))
    for count in (4, 5):
        await takes(shop, order, "cancel_part", Doing("broken", pieces=await pieces(order, tea=count)))
    assert [row.amount for row in await Refund.all().order_by("id")] == [18, 22]  # the last piece was 5, half up


async def on_delivery(shop: Shop) -> tuple[Scope, OrderView]:
    """Three teas and a cup less 20.00, sent for 12.00, with 10 % of tax on top; packed, and to be paid on delivery."""
    await shop.product(stock=10)
    await shop.product("cup", price=1000, stock=10)
    scope = await shop.customer()
    await shop.wants(scope, "cup")
    order = await shop.buys(scope, "tea", 3)
    charges = ("discount", "TEA", -2000, 0), ("shipping", "dhl", 1200, 0), ("tax", "DE", 2060, 10_000)
    for kind, name, amount, rate in charges:
        await OrderCharge.create(order_id=order.id, kind=kind, name=name, amount=amount, rate=rate)
    await Order.all().update(total=22660)
    return scope, await shop.advances(await shop.is_delivered_unpaid(scope, order), "pack")


async def collects(shop: Shop) -> int:
    """Staff confirm all that was asked for, in minor units."""
    [payment] = await Payment.all()
    asked = Money(payment.amount, payment.currency)
    async with transaction():
        await payments.opened(payment.key, Checkout(payment.key), shop.now)
        done = await settlement.settle(payment.key, PaymentTruth(payment.key, "paid", paid=asked), shop.now)
    assert done.outcome == "paid"
    return asked.amount


async def test_the_rest_of_an_order_that_is_paid_on_delivery_is_not_sent_and_not_asked_for(shop: Shop) -> None:
    scope, order = await on_delivery(shop)
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=1)))
    part = await takes(shop, order, "cancel_part", Doing("broken", pieces=await pieces(order, tea=1)))
    assert (part.state, part.total, part.refunded) == ("partly_shipped", Money(15880, "CNY"), None)
    done = await takes(shop, order, "cancel_part", Doing("sold out"))
    assert (done.state, done.total) == ("shipped", Money(8100, "CNY"))
    charges = [("cancelled", -13236), ("discount", -2000), ("shipping", 1200), ("tax", 736)]
    assert [(one.kind, one.amount.amount) for one in done.charges] == charges
    assert sum(line.subtotal.amount for line in done.lines) + sum(amount for _, amount in charges) == 8100
    assert [(line.sku, line.cancelled) for line in done.lines] == [("cup", 1), ("tea", 2)]
    assert (await on_shelf(), await on_shelf("cup"), await Refund.all().count()) == (9, 10, 0)
    assert await collects(shop) == 8100
    assert sum([row.amount for row in await LedgerEntry.filter(account="sales")]) == -8100
    found = await orders.find(scope, order.number)
    assert found is not None
    assert (found.paid_at, found.total) == (shop.now, Money(8100, "CNY"))


async def test_an_order_that_cost_less_before_it_was_paid_gives_back_what_was_paid(shop: Shop) -> None:
    _, order = await on_delivery(shop)
    await takes(shop, order, "cancel_part", Doing("broken", pieces=await pieces(order, cup=1)))
    with pytest.raises(Refused, match="all_of_it"):
        await takes(shop, order, "cancel_part", Doing("broken"))
    paid = await collects(shop)
    await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=1)))
    await takes(shop, order, "cancel_part", Doing("sold out"))
    assert [row.amount for row in await Refund.all()] == [paid - 8100]


async def test_a_click_is_heard_once_and_a_colleague_is_not_overtaken(shop: Shop) -> None:
    order = await an_order(shop)
    seen = await order_states.version(order.id)
    wish = Doing(pieces=await pieces(order, tea=1), version=seen, key="k1")
    await takes(shop, order, "ship", wish)
    async with transaction():
        assert await order_states.is_heard(order.id, "k1")
        assert not await order_states.is_heard(order.id, "k2")
        assert not await order_states.is_heard(order.id, "")
    with pytest.raises(Refused, match="overtaken"):
        await takes(shop, order, "ship", Doing(pieces=await pieces(order, tea=1), version=seen, key="k2"))
    assert await Shipment.all().count() == 1
