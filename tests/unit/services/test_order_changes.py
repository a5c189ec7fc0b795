"""Staff change an order that is not paid: goods, address, total; and whoever comes at that moment loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Refused
from bot.core.payment import Checkout, Terms
from bot.core.pricing import Code, Method, Rates
from bot.services import contacts, order_changes, order_states, orders, pay_links, payments, privacy, staff_orders
from bot.services.contacts import Address
from bot.services.order_changes import Change
from bot.services.orders import OrderView
from bot.services.scope import Offer, PayWay, Scope
from bot.services.staff_orders import Basket
from models import Audit, Effect, Order, OrderEvent, OrderLine, Payment, Price, StockHold, Variant, locks
from models.database import transaction
from tests.unit.services.race import Rival, after
from tests.unit.services.shop import Shop, costs, held, on_shelf
from tests.unit.services.test_races import settles

TO = Address("Ann Lee", "555 0100", "2 Tea Lane")


async def wish(order: OrderView, quantity: int, agreed: int, **more: str) -> Change:
    version = await order_states.version(order.id)
    return Change(Basket([("tea", quantity)], **more), TO, "she wants more", version, agreed)


def changes(scope: Scope, order: OrderView, wanted: Change) -> Callable[[], Awaitable[OrderView]]:
    return lambda: order_changes.change(scope, order.id, wanted, 1)


async def changed(shop: Shop, scope: Scope, order: OrderView, wanted: Change) -> OrderView:
    async with transaction():
        return await order_changes.change(shop.at(scope), order.id, wanted, 1)


async def test_its_goods_are_held_anew_and_what_was_open_is_closed(shop: Shop) -> None:
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    payment = await shop.opens_payment(ann, order)
    await costs(9900)  # since then; who ordered for ¥68 pays ¥68 for each
    shop.later(minutes=20)
    now = await changed(shop, ann, order, await wish(order, 10, 68000))
    assert (now.total.amount, now.address, now.state, await held(), await on_shelf()) == (
        68000, "2 Tea Lane", "placed", 10, 10,
    )  # fmt: skip
    row = await Order.get()
    assert (row.hold_until, (await StockHold.get()).expires_at) == (shop.now + ann.order_hold,) * 2
    event = await OrderEvent.all().order_by("-id").first()
    assert event is not None
    assert (event.what, event.actor, event.note) == ("changed", "staff:1", "68.00 → 680.00 CNY: she wants more")
    assert [row.action for row in await Audit.all()] == ["order.change"]
    assert [effect.key for effect in await Effect.filter(kind="void")] == [f"void:{payment.key}"]
    assert await pay_links.fate_of(payment.key) == "over"
    assert not await payments.is_due(payment.key, shop.now)
    # The new sum is a payment of its own, also when the order comes to cost what it cost.
    await changed(shop, ann, order, await wish(order, 1, 6800))
    again = await shop.opens_payment(ann, order, "again")
    assert (again.amount.amount, again.key != payment.key) == (6800, True)
    assert (await shop.settles(again)).outcome == "paid"


async def test_what_costs_the_same_can_still_be_paid_where_it_is_open(shop: Shop) -> None:
    """But for the bill of a shop's own checkout, which holds the goods and the address."""
    await shop.product()
    offers = (Offer(PayWay("mine", "Mine"), Terms(store="mine")), Offer(PayWay("local", "Card"), Terms()))
    ann = replace(await shop.customer(), pay_ways=offers)
    order = await shop.buys(ann)
    open_ = await shop.opens_payment(ann, order)
    bill = await shop.opens_payment(ann, order, by="mine")
    await changed(shop, ann, order, await wish(order, 1, 6800))
    assert [effect.key for effect in await Effect.filter(kind="void")] == [f"void:{bill.key}"]
    async with transaction():
        begun = await payments.begin(ann, order.number, "mine")
    await changed(shop, ann, order, await wish(order, 1, 6800))
    async with transaction():
        await payments.opened(begun.key, Checkout("late", "https://shop.example/bill"), shop.now)
    assert await Effect.filter(key=f"void:{begun.key}").exists()
    assert (await shop.opens_payment(ann, order)).key == open_.key
    assert (await shop.settles(open_)).outcome == "paid"


async def test_a_page_that_is_being_closed_is_not_opened_again_on_a_device(shop: Shop) -> None:
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    old = await shop.opens_payment(ann, order)
    for quantity, total in ((2, 13600), (1, 6800)):
        await changed(shop, ann, order, await wish(order, quantity, total))
    async with transaction():
        opened = await payments.on_device(old.key, "phone", shop.now)
    assert (opened.key != old.key, opened.amount.amount) == (True, 6800)


async def test_who_is_forgotten_at_that_moment_does_not_come_back(shop: Shop) -> None:
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    wanted = await wish(order, 2, 13600)
    async with transaction():
        await privacy.erase(ann.contact_id, shop.now)
    with pytest.raises(Refused, match="no_conversation"):
        await changed(shop, ann, order, wanted)
    assert ((await Order.get()).name, (await OrderLine.get()).quantity) == ("", 1)


async def test_what_was_opened_meanwhile_for_the_old_sum_is_closed(shop: Shop) -> None:
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    async with transaction():
        begun = await payments.begin(ann, order.number, "local")
    await changed(shop, ann, order, await wish(order, 2, 13600))
    async with transaction():
        await payments.opened(begun.key, Checkout("late", "https://bank.example/pay"), shop.now)
    assert await Effect.filter(key=f"void:{begun.key}").exists()


async def test_its_own_use_of_a_code_and_its_shipping_are_reckoned_anew(shop: Shop) -> None:
    await shop.product()
    rates = Rates(methods=(Method("post", {"en": "Post"}, {"CNY": 800}),), codes={"ONCE": Code("ONCE", 10, uses=1)})
    ann = replace(await shop.customer(), rates=rates)
    order = await shop.buys(ann)
    for quantity, total in ((1, 6920), (2, 13040)):
        order = await changed(shop, ann, order, await wish(order, quantity, total, code="once", method="post"))
        assert [(one.kind, one.amount.amount) for one in order.charges] == [
            ("discount", -680 * quantity), ("shipping", 800),
        ]  # fmt: skip


async def test_a_line_is_what_was_ordered_whatever_its_sku_means_by_now(shop: Shop) -> None:
    await shop.product()
    await shop.product("cup", price=100)
    ann = await shop.customer()
    order = await shop.buys(ann)
    for sku, now in (("tea", "tea-old"), ("cup", "tea")):
        await Variant.filter(sku=sku).update(sku=now)
    quoted = await staff_orders.quote(ann, Basket([("tea", 2)]), await Order.get())
    assert [(one.sku, one.name, one.subtotal.amount) for one in quoted.lines] == [("tea", "tea tea", 13600)]
    now = await changed(shop, ann, order, await wish(order, 2, 13600))
    assert [(one.sku, one.name) for one in now.lines] == [("tea-old", "tea tea")]
    assert await held("tea-old") == 2
    await changed(shop, ann, order, await wish(order, 1, 100))  # from here on the sku is the other one's
    assert (await held("tea-old"), await held("tea")) == (0, 1)


async def test_what_has_ended_since_stays_in_the_order_that_has_it(shop: Shop) -> None:
    await shop.product()
    code = Code("ONCE", 10, uses_per_person=1, until=shop.now + timedelta(hours=1))
    ann = replace(await shop.customer(), rates=Rates(codes={"ONCE": code}))
    await shop.wants(ann, quantity=2)
    async with transaction():
        order = await orders.place(shop.at(ann), contacts.Address("Ann Lee", "", "1 Tea Lane"), code="ONCE")
    await Variant.all().update(active=False)
    await Price.all().delete()
    shop.later(hours=2)
    order = await changed(shop, ann, order, await wish(order, 2, 12240, code="once"))
    assert (order.total.amount, await held()) == (12240, 2)
    with pytest.raises(Refused, match="sold_out") as refused:
        await changed(shop, ann, order, await wish(order, 3, 18360, code="once"))
    assert refused.value.facts["available"] == 2
    await changed(shop, ann, order, await wish(order, 1, 6800))  # without it; and it does not come back
    with pytest.raises(Refused, match="no_code"):
        await changed(shop, ann, order, await wish(order, 1, 6120, code="once"))


async def test_it_goes_where_it_went_unless_staff_say_otherwise(shop: Shop) -> None:
    await shop.product()
    ann = replace(await shop.customer(), rates=Rates(countries=("DE", "FR")))
    await shop.wants(ann)
    async with transaction():
        order = await orders.place(shop.at(ann), contacts.Address("Ann Lee", "", "1 Tea Lane", "FR"))
    for more, country in (({}, "FR"), ({"country": "DE"}, "DE"), ({}, "DE")):
        await changed(shop, ann, order, await wish(order, 1, 6800, **more))
        assert (await Order.get()).country == country
    await Order.all().update(country="")  # of an earlier release
    with pytest.raises(Refused, match="no_country"):
        await changed(shop, ann, order, await wish(order, 1, 6800))


async def test_what_cannot_be_is_refused_and_nothing_is_changed(shop: Shop) -> None:
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    right = await wish(order, 2, 13600)
    for wrong, code in (
        (replace(right, agreed=1), "total_changed"),
        (replace(right, basket=Basket([("tea", 11)])), "sold_out"),
        (replace(right, basket=Basket([])), "cart_empty"),
        (replace(right, to=replace(TO, address=" ")), "blank"),
        (replace(right, version=right.version - 1), "overtaken"),
    ):
        with pytest.raises(Refused, match=code):
            await changed(shop, ann, order, wrong)
    assert ((await Order.get()).total, await held(), (await OrderLine.get()).quantity) == (6800, 1, 1)
    await shop.pays(ann, order)
    with pytest.raises(Refused, match="wrong_state"):
        await changed(shop, ann, order, await wish(order, 2, 13600))


async def test_the_old_sum_that_is_paid_while_staff_change_it_is_told(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    rival = Rival(settles(payment, any_shop))
    with after(locks, "order", rival.comes):
        await changed(any_shop, ann, order, await wish(order, 2, 13600))
    settled = await rival.ends()
    assert (settled.outcome, settled.fresh) == ("mismatch", True)
    row = await Payment.get()
    assert ((await Order.get()).state, row.state, row.captured, await held()) == ("placed", "mismatch", 6800, 2)


async def test_what_is_paid_first_is_not_changed_any_more(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    rival = Rival(changes(ann, order, await wish(order, 2, 13600)))
    with after(locks, "order_of", rival.comes):
        assert (await any_shop.settles(payment)).outcome == "paid"
    with pytest.raises(Refused, match="wrong_state"):
        await rival.ends()
    assert ((await Order.get()).total, await on_shelf(), await held()) == (6800, 9, 0)


async def test_of_two_colleagues_the_second_sees_a_conflict(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    rival = Rival(changes(ann, order, await wish(order, 3, 20400)))
    with after(locks, "order", rival.comes):
        await changed(any_shop, ann, order, await wish(order, 2, 13600))
    with pytest.raises(Refused, match="overtaken"):
        await rival.ends()
    assert ((await Order.get()).total, await held()) == (13600, 2)
