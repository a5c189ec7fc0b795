"""Two at once, forced at the exact call: whoever comes second waits, and then sees what the first did.

`Rival` is the second; it comes right after the first has taken its lock. On PostgreSQL the same meeting without the
lock goes wrong, which the last tests show: so the locks are what keeps the promise.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import pytest
from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet

from bot.core.errors import Refused
from bot.core.message import Attachment, FileRef
from bot.core.money import Money
from bot.core.payment import PaymentTruth
from bot.core.ports import StoredFile
from bot.services import (
    attachments,
    cart,
    order_states,
    orders,
    payments,
    privacy,
    reviews,
    settlement,
    stock,
    store_bills,
)
from bot.services.contacts import Address
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.scope import Scope
from bot.services.settlement import Settlement
from models import Attachment as AttachmentRow
from models import CartLine, Order, OrderEvent, Payment, Review, StoreOrder, StoreProblem, Variant, locks
from models.database import transaction
from tests.unit.services.race import Rival, after, before, without_lock
from tests.unit.services.shop import Shop, costs, held, on_shelf, steps_of


def places(scope: Scope) -> Callable[[], Awaitable[OrderView]]:
    return lambda: orders.place(scope, Address("Bob", "", "2 Tea Lane"))


def settles(payment: PaymentView, shop: Shop) -> Callable[[], Awaitable[Settlement]]:
    truth = PaymentTruth(payment.reference, "paid", payment.amount)
    return lambda: settlement.settle(payment.key, truth, shop.now)


async def test_two_want_the_last_one(any_shop: Shop) -> None:
    await any_shop.product(stock=1)
    ann, bob = await any_shop.customer(), await any_shop.customer("Bob")
    await any_shop.wants(ann)
    await any_shop.wants(bob)
    rival = Rival(places(bob))
    with after(locks, "products", rival.comes):
        order = await any_shop.checks_out(ann)
    with pytest.raises(Refused, match="sold_out"):
        await rival.ends()
    assert (order.state, await held(), await Order.all().count()) == ("placed", 1, 1)
    assert [line.sku for line in (await cart.view(bob)).lines] == ["tea"]


async def test_one_cart_is_ordered_once_from_two_channels(any_shop: Shop) -> None:
    await any_shop.product(stock=5)
    web = await any_shop.customer()
    phone = await any_shop.customer(account="telegram", contact=web.contact_id)
    await any_shop.wants(web)
    rival = Rival(places(phone))
    with after(locks, "cart", rival.comes):
        await any_shop.checks_out(web)
    with pytest.raises(Refused, match="cart_empty"):
        await rival.ends()
    assert (await Order.all().count(), await held()) == (1, 1)


async def test_one_product_is_put_into_one_cart_from_two_channels(any_shop: Shop) -> None:
    await any_shop.product(stock=5)
    web = await any_shop.customer()
    phone = await any_shop.customer(account="telegram", contact=web.contact_id)
    rival = Rival(lambda: cart.add(phone, "tea", 2))
    with after(locks, "cart", rival.comes):
        await any_shop.wants(web, quantity=1)
    await rival.ends()
    assert await CartLine.all().count() == 1


async def test_a_bill_becomes_an_order_of_the_shop_while_its_order_is_paid_elsewhere(any_shop: Shop) -> None:
    """Both want the row of the shop's order: who took it before the order's lock would wait in a circle."""
    await any_shop.product()
    await Variant.all().update(store="woocommerce", external_id="1")
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    await any_shop.opens_payment(ann, order, "bill-1", by="woocommerce")
    elsewhere = await any_shop.opens_payment(ann, order, "ref-1")
    rival = Rival(lambda: store_bills.became("woocommerce", "bill-1", "900", any_shop.now))
    with before(stock, "sell", rival.comes):
        assert (await any_shop.settles(elsewhere)).outcome == "paid"
    await rival.ends()
    assert await StoreOrder.all().values_list("state", "external_id") == [("due", "")]
    assert await StoreProblem.all().values_list("code", flat=True) == ["second_there"]


async def test_the_price_changes_while_the_order_is_placed(any_shop: Shop) -> None:
    await any_shop.product(price=6800)
    ann = await any_shop.customer()
    await any_shop.wants(ann)

    async def dearer() -> None:
        await costs(7200)

    rival = Rival(dearer)
    with before(locks, "products", rival.comes):
        placed = await outcome(any_shop.checks_out(ann))
    await rival.ends()
    # Whoever is first: either the old price was ordered before the change, or the change is asked about.
    assert placed in (("placed", 6800), ("price_changed", 7200))
    assert placed == (("price_changed", 7200) if await Order.all().count() == 0 else ("placed", 6800))


async def outcome(placing: Awaitable[OrderView]) -> tuple[str, int]:
    try:
        order = await placing
    except Refused as refused:
        new = refused.facts["new"]
        assert isinstance(new, Money)
        return refused.code, new.amount
    return order.state, order.total.amount


async def test_on_postgres_the_price_as_committed_counts(postgres: Shop) -> None:
    await postgres.product(price=6800)
    ann = await postgres.customer()
    await postgres.wants(ann)

    async def dearer() -> None:
        await costs(7200)

    rival = Rival(dearer)
    with before(locks, "products", rival.comes):
        assert await outcome(postgres.checks_out(ann)) == ("price_changed", 7200)
    await rival.ends()


async def test_a_notice_and_the_browser_settle_at_once(any_shop: Shop) -> None:
    await any_shop.product(stock=3)
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    rival = Rival(settles(payment, any_shop))
    with after(locks, "order_of", rival.comes):
        first = await any_shop.settles(payment)
    second = await rival.ends()
    assert [(one.outcome, one.fresh) for one in (first, second)] == [("paid", True), ("already", False)]
    assert (await on_shelf(), await held()) == (2, 0)
    assert await OrderEvent.filter(order_id=order.id, to_state="paid").count() == 1


async def test_paid_while_the_clock_ends_the_order(any_shop: Shop) -> None:
    await any_shop.product(stock=1)
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    any_shop.later(minutes=30)
    rival = Rival(settles(payment, any_shop))
    with after(locks, "order", rival.comes):
        async with transaction():
            assert [ended.id for ended in await orders.expire(any_shop.now)] == [order.id]
    assert (await rival.ends()).outcome == "paid"
    assert [step[1] for step in await steps_of(order.id)] == ["placed", "expired", "paid"]
    assert await on_shelf() == 0


async def test_the_clock_comes_while_it_is_paid(any_shop: Shop) -> None:
    await any_shop.product(stock=1)
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    any_shop.later(minutes=30)
    rival = Rival(lambda: orders.expire(any_shop.now))
    with after(locks, "order_of", rival.comes):
        assert (await any_shop.settles(payment)).outcome == "paid"
    assert await rival.ends() == ()
    assert [step[1] for step in await steps_of(order.id)] == ["placed", "paid"]


async def test_cancelled_while_it_is_paid(any_shop: Shop) -> None:
    await any_shop.product(stock=1)
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    payment = await any_shop.opens_payment(ann, order)
    rival = Rival(lambda: orders.cancel(ann, order.number))
    with after(locks, "order_of", rival.comes):
        await any_shop.settles(payment)
    cancelled = await rival.ends()
    assert (cancelled.state, cancelled.paid_at) == ("cancelled", any_shop.now)
    assert (await on_shelf(), await held()) == (1, 0)


async def test_staff_click_twice(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    await any_shop.pays(ann, order)
    rival = Rival(lambda: orders.advance(order.id, "refund", "staff:2", any_shop.now))
    with after(locks, "order", rival.comes):
        await any_shop.advances(order, "refund")
    with pytest.raises(Refused, match="wrong_state"):
        await rival.ends()
    assert await on_shelf() == 10


async def test_pay_is_tapped_twice(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann)
    rival = Rival(lambda: payments.begin(ann, order.number, "local"))
    with after(locks, "own_order", rival.comes):
        async with transaction():
            first = await payments.begin(ann, order.number, "local")
    assert await rival.ends() == first
    assert await Payment.all().count() == 1


async def test_one_order_is_reviewed_on_two_channels_at_once(any_shop: Shop) -> None:
    await any_shop.product()
    web = await any_shop.customer()
    phone = await any_shop.customer(account="telegram", contact=web.contact_id)
    order = await any_shop.buys(web)
    await any_shop.pays(web, order)
    rival = Rival(lambda: reviews.record(phone, order.number, 2, "on the phone", ()))
    with after(locks, "order", rival.comes):
        async with transaction():
            await reviews.record(web, order.number, 5, "on the web", ())
    await rival.ends()
    assert [(row.stars, row.text) for row in await Review.all()] == [(2, "on the phone")]


async def fetched(scope: Scope) -> Callable[[], Awaitable[Attachment | None]]:
    """What records that a file of this customer, which is being fetched, is in the store under the key "late"."""
    made = await attachments.create(
        FileRef("image", "r", "p.jpg"), scope.now, conversation_id=scope.conversation_id, contact_id=scope.contact_id
    )
    return lambda: attachments.stored(made.id, StoredFile("late", 3, "00", "image/jpeg"), "image", "image/jpeg")


async def test_who_is_forgotten_while_a_file_is_recorded_leaves_no_bytes(any_shop: Shop) -> None:
    ann = await any_shop.customer()
    keeps = await fetched(ann)
    rival = Rival(lambda: privacy.erase(ann.contact_id, ann.now))
    with after(locks, "files", rival.comes):
        async with transaction():
            await keeps()
    assert (await rival.ends()).keys == ["late"]


async def test_a_file_that_comes_while_its_person_is_forgotten_is_not_kept(any_shop: Shop) -> None:
    ann = await any_shop.customer()
    rival = Rival(await fetched(ann))
    with after(locks, "files", rival.comes):
        async with transaction():
            assert (await privacy.erase(ann.contact_id, ann.now)).keys == []
    assert await rival.ends() is None


async def test_without_its_lock_the_bytes_of_a_file_stay(postgres: Shop) -> None:
    async def unlocked(wanted: QuerySet[AttachmentRow]) -> list[AttachmentRow]:
        return await wanted

    ann = await postgres.customer()
    rival = Rival(await fetched(ann))
    with without_lock("files", unlocked), after(locks, "files", rival.comes):
        async with transaction():
            assert (await privacy.erase(ann.contact_id, ann.now)).keys == []
    assert await rival.ends() is not None


async def test_without_its_lock_the_last_one_is_sold_twice(postgres: Shop) -> None:
    async def unlocked(ids: Iterable[int]) -> frozenset[int]:
        return frozenset(ids)

    await postgres.product(stock=1)
    ann, bob = await postgres.customer(), await postgres.customer("Bob")
    await postgres.wants(ann)
    await postgres.wants(bob)
    rival = Rival(places(bob))
    with without_lock("products", unlocked), before(order_states, "record", rival.comes):
        await postgres.checks_out(ann)
    await rival.ends()
    assert await held() == 2


async def test_without_its_locks_only_the_key_of_what_was_taken_keeps_a_payment_from_settling_twice(
    postgres: Shop,
) -> None:
    async def order_of(key: str) -> Order | None:
        return await Order.filter(payments__key=key).first()

    async def payment(key: str) -> Payment | None:
        return await Payment.filter(key=key).first()

    await postgres.product(stock=3)
    ann = await postgres.customer()
    begun = await postgres.opens_payment(ann, await postgres.buys(ann))
    rival = Rival(settles(begun, postgres))
    with without_lock("order_of", order_of), without_lock("payment", payment), after(locks, "payment", rival.comes):
        await refused(postgres.settles(begun))
    assert (await rival.ends()).outcome == "paid"


async def refused(settling: Awaitable[Settlement]) -> None:
    with pytest.raises(IntegrityError, match="uid_stock_pick"):
        await settling
