"""Settling once and only for the right sum, and refunds once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.payment import Checkout, PaymentTruth, RefundTruth, Terms
from bot.services import ledger, orders, payments, refunds, settlement
from bot.services.payments import Urls
from bot.services.refunds import Wish
from bot.services.scope import Offer, PayWay
from models import Effect, Order, Payment, PaymentEvent, Refund
from models.database import transaction
from tests.unit.services.shop import NOW, Shop, held, on_shelf, steps_of

FULL = Money(6800, "CNY")


async def actions_of(key: str) -> list[str]:
    """What the payment's audit rows say."""
    return [event.action for event in await PaymentEvent.filter(payment__key=key).order_by("id")]


async def state_of(order_id: int) -> str:
    return (await Order.get(id=order_id)).state


async def test_a_page_that_has_ended_is_not_gone_back_to(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    good_for = Offer(PayWay("local", "Local"), Terms(good_for=timedelta(minutes=10)))
    here = replace(scope, pay_ways=(good_for,))
    first = await payments.begin(here, order.number, "local")
    for minutes, is_same in ((9, True), (11, False)):
        later = replace(here, now=here.now + timedelta(minutes=minutes))
        assert ((await payments.begin(later, order.number, "local")).key == first.key) == is_same


async def test_beginning_again_is_the_same_payment(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    first = await shop.opens_payment(scope, order)
    assert (await payments.begin(scope, order.number, "local")).key == first.key
    assert first.until == order.hold_until
    assert (first.state, first.amount, first.url) == ("open", FULL, "https://bank.example/pay")
    other = await payments.begin(scope, order.number, "stripe")
    assert (other.key != first.key, other.state, other.reference) == (True, "created", "")
    await shop.settles(first, state="failed")
    assert (await payments.begin(scope, order.number, "local")).key != first.key
    known = await payments.by_key(first.key)
    assert known is not None
    assert (known.provider, known.reference, known.state) == ("local", first.reference, "failed")
    assert await payments.by_key("nothing") is None


async def test_only_an_order_that_waits_for_money_is_paid(shop: Shop) -> None:
    await shop.product()
    ann, bob = await shop.customer(), await shop.customer("Bob")
    order = await shop.buys(ann)
    for scope, number in ((bob, order.number), (ann, "P7K2-4M9Q")):
        with pytest.raises(Refused, match="no_order"):
            await payments.begin(scope, number, "local")
    shop.later(minutes=30)
    with pytest.raises(Refused, match="expired"):
        await payments.begin(shop.at(ann), order.number, "local")
    await orders.expire(shop.now)
    with pytest.raises(Refused, match="expired"):
        await payments.begin(shop.at(ann), order.number, "local")
    paid = await shop.buys(ann)
    await shop.pays(ann, paid)
    with pytest.raises(Refused, match="wrong_state"):
        await payments.begin(shop.at(ann), paid.number, "local")


async def test_the_request_speaks_the_customers_language(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer(locale="zh-Hans")
    order = await shop.buys(scope, quantity=2)
    begun = await payments.begin(scope, order.number, "local")
    asked = await payments.request(begun.key, Urls("https://shop.example"))
    assert (asked.key, asked.amount, asked.order_number) == (begun.key, Money(13600, "CNY"), order.number)
    assert (asked.description, asked.locale, asked.return_url) == (
        "2 × tea茶",
        "zh",
        f"https://shop.example/paid/{begun.key}",
    )
    with pytest.raises(Refused, match="no_payment"):
        await payments.request("nothing", Urls(""))


async def test_paid_exactly_once(shop: Shop) -> None:
    await shop.product(stock=3)
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = await shop.opens_payment(scope, order)
    shop.later(minutes=5)
    first = await shop.settles(payment)
    assert (first.outcome, first.fresh, first.payment.state) == ("paid", True, "paid")
    for _ in range(3):
        again = await shop.settles(payment)
        assert (again.outcome, again.fresh) == ("already", False)
    assert (await on_shelf(), await held()) == (2, 0)
    assert await steps_of(order.id) == [("", "placed", "customer"), ("placed", "paid", "provider:local")]
    assert await actions_of(payment.key) == ["created", "opened", "settled"]
    paid = await orders.find(scope, order.number)
    assert paid is not None
    assert (paid.paid_at, paid.hold_until) == (shop.now, None)


async def test_still_open_then_failed_then_paid_after_all(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    payment = await shop.opens_payment(scope, await shop.buys(scope))
    states = ("open", "failed", "failed", "paid", "open", "failed")
    told = [await shop.settles(payment, state=state) for state in states]
    assert [(one.outcome, one.fresh) for one in told] == [
        ("open", False), ("failed", True), ("failed", False), ("paid", True), ("already", False), ("already", False),
    ]  # fmt: skip
    assert await state_of(payment.order_id) == "paid"


@pytest.mark.parametrize("wrong", [Money(6799, "CNY"), Money(6801, "CNY"), Money(6800, "USD"), Money(1, "CNY")])
async def test_a_wrong_sum_is_never_paid_and_staff_can_see_it(shop: Shop, wrong: Money) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = await shop.opens_payment(scope, order)
    first, second = await shop.settles(payment, wrong), await shop.settles(payment, wrong)
    assert [(one.outcome, one.fresh, one.payment.state) for one in (first, second)] == [
        ("mismatch", True, "mismatch"), ("mismatch", False, "mismatch"),
    ]  # fmt: skip
    assert (await state_of(order.id), await held()) == ("placed", 1)
    event = await PaymentEvent.get(payment__key=payment.key, action="mismatch")
    assert event.note == f"asked 6800 CNY, paid {wrong.amount} {wrong.currency}"
    assert await refunds.left_of(await Payment.get(key=payment.key)) == wrong


async def test_the_missing_rest_makes_it_right(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    payment = await shop.opens_payment(scope, await shop.buys(scope))
    await shop.settles(payment, Money(6000, "CNY"))
    assert (await shop.settles(payment)).outcome == "paid"


async def test_paid_late_reopens_the_order_while_there_is_stock(shop: Shop) -> None:
    await shop.product(stock=1)
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = await shop.opens_payment(scope, order)
    shop.later(minutes=31)
    await orders.expire(shop.now)
    assert (await shop.settles(payment)).outcome == "paid"
    assert (await steps_of(order.id))[-1] == ("expired", "paid", "provider:local")
    assert await on_shelf() == 0


@pytest.mark.parametrize("swept", [True, False])
async def test_paid_late_when_others_have_the_stock_is_for_staff(shop: Shop, swept: bool) -> None:
    await shop.product(stock=1)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    order = await shop.buys(ann)
    payment = await shop.opens_payment(ann, order)
    shop.later(minutes=31)
    if swept:
        await orders.expire(shop.now)
    await shop.buys(bob)
    told = [await shop.settles(payment), await shop.settles(payment)]
    assert [(one.outcome, one.fresh) for one in told] == [("late", True), ("late", False)]
    assert told[0].payment.state == "mismatch"
    assert await state_of(order.id) == ("expired" if swept else "placed")
    assert await on_shelf() == 1
    if swept:
        assert (await shop.advances(order, "refund")).state == "refunded"


async def test_paid_after_cancelling_is_late(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = await shop.opens_payment(scope, order)
    await orders.cancel(scope, order.number)
    assert (await shop.settles(payment)).outcome == "late"
    assert await state_of(order.id) == "cancelled"


async def test_paid_twice_by_two_providers_is_paid_once(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    first = await shop.opens_payment(scope, order)
    second = await payments.begin(scope, order.number, "other")
    second = await payments.opened(second.key, Checkout("r2", ""), NOW)
    assert [(await shop.settles(one)).outcome for one in (first, second)] == ["paid", "late"]
    assert await on_shelf() == 9
    assert await refunds.left_of(await Payment.get(key=second.key)) == FULL
    assert await state_of(order.id) == "paid"


@pytest.mark.parametrize("ends", ["cancelled", "expired", "paid by another"])
async def test_what_is_opened_while_its_order_ends_is_closed_again(shop: Shop, ends: str) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    begun = await payments.begin(scope, order.number, "other")  # and its provider is being asked
    if ends == "paid by another":
        await shop.pays(scope, order)
    elif ends == "expired":
        shop.later(minutes=31)
        await orders.expire(shop.now)
    else:
        await orders.cancel(scope, order.number)
    assert await Effect.filter(kind="void").count() == 0
    for _ in range(2):
        await payments.opened(begun.key, Checkout("r1", "https://bank.example"), shop.now)
    effect = await Effect.get(kind="void")
    assert json.loads(effect.payload) == {"payment": begun.key}


async def test_a_notice_may_come_before_we_know_the_reference(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    begun = await payments.begin(scope, (await shop.buys(scope)).number, "local")
    truth = PaymentTruth("r1", "paid", FULL)
    assert (await settlement.settle(begun.key, truth, NOW)).outcome == "paid"
    late = await payments.opened(begun.key, Checkout("r1", "https://bank.example"), NOW)
    assert (late.state, late.reference) == ("paid", "r1")


async def test_the_truth_must_be_about_this_payment(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    payment = await shop.opens_payment(scope, await shop.buys(scope))
    for truth in (PaymentTruth("another", "paid", FULL), PaymentTruth(payment.reference, "paid")):
        with pytest.raises(BadInput):
            async with transaction():
                await settlement.settle(payment.key, truth, NOW)
    with pytest.raises(Refused, match="no_payment"):
        await settlement.settle("nothing", PaymentTruth("r", "paid", FULL), NOW)
    assert await state_of(payment.order_id) == "placed"


async def test_a_refund_is_asked_once_and_booked_once(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = (await shop.pays(scope, order)).payment
    await shop.advances(order, "cancel", "refund")
    row = await Refund.get()
    assert (row.key, row.amount, row.state, row.staff_id) == (f"refund:{payment.key}:1", 6800, "asked", 1)
    effect = await Effect.get()
    assert (effect.key, effect.kind, json.loads(effect.payload), effect.conversation_id) == (
        row.key, "give_back", {"payment": payment.key}, None,
    )  # fmt: skip
    truth = PaymentTruth(payment.reference, "paid", FULL, refunds=(RefundTruth(row.key, "given", FULL),))
    for _ in range(2):
        await refunds.confirm(payment.key, truth, NOW)
        known = await Payment.get(key=payment.key)
        assert (known.state, known.refunded) == ("refunded", 6800)
    assert await actions_of(payment.key) == ["created", "opened", "settled", "refund", "refunded"]
    with pytest.raises(Refused, match="nothing_paid"):
        await refunds.ask(known, FULL, Wish(), NOW)


async def test_a_dispute_is_told_once_whatever_else_is_news(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    payment = await shop.opens_payment(scope, await shop.buys(scope))
    truth = PaymentTruth(payment.reference, "paid", FULL, disputed=True)
    told = [await settlement.settle(payment.key, truth, NOW) for _ in range(2)]
    assert [(one.outcome, one.alarms) for one in told] == [("paid", ("disputed",)), ("already", ())]


@pytest.mark.parametrize(("paid", "account"), [(6800, "sales"), (6000, "owed")])
async def test_a_part_given_back_before_we_saw_it_paid_is_booked_at_once(shop: Shop, paid: int, account: str) -> None:
    await shop.product()
    payment = await shop.opens_payment(scope := await shop.customer(), await shop.buys(scope))
    for given in (800, 900):  # and once more while it is what it is
        truth = PaymentTruth(payment.reference, "paid", Money(paid, "CNY"), refunded=given)
        await settlement.settle(payment.key, truth, NOW)
        stands = {one.account: one.amount.amount for one in await ledger.balances() if one.amount.amount}
        assert stands == {"provider:local": paid - given, account: given - paid}


async def test_given_back_at_the_providers_own_desk(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    paid = (await shop.pays(scope, await shop.buys(scope))).payment
    part = PaymentTruth(paid.reference, "paid", FULL, refunded=800)
    assert (await settlement.settle(paid.key, part, NOW)).payment.state == "paid"
    assert await refunds.left_of(await Payment.get(key=paid.key)) == Money(6000, "CNY")
    whole = PaymentTruth(paid.reference, "refunded", FULL, refunded=6800)
    told = await settlement.settle(paid.key, whole, NOW)
    assert (told.outcome, told.payment.state) == ("already", "refunded")
    unseen = await shop.opens_payment(scope, await shop.buys(scope))
    truth = PaymentTruth(unseen.reference, "refunded", FULL, refunded=6800)
    told = await settlement.settle(unseen.key, truth, NOW)
    assert (told.outcome, told.fresh, await state_of(unseen.order_id)) == ("failed", True, "placed")
