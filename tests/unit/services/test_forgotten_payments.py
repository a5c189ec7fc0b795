"""Money that comes for somebody who was forgotten is settled and told to staff; the person does not come back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.errors import Final
from bot.core.events import OrderChanged
from bot.core.money import Money
from bot.payments.local import LocalPayments
from bot.runtime.settling import SettleAlone
from bot.runtime.writes import NewEffect
from bot.services import payments, privacy, refunds, settlement
from bot.services.orders import OrderView
from bot.services.payments import Urls
from models import Contact, Conversation, Effect, Identity, Order, Payment, PaymentEvent
from models.database import transaction
from tests.unit.services.shop import NOW, Shop


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LocalPayments]:
    made = LocalPayments(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    yield made
    await made.close()


async def forgotten(shop: Shop, bank: LocalPayments, *, pays: bool) -> tuple[OrderView, NewEffect]:
    """Ordered, sent to the bank, perhaps paid there, and then forgotten; with the effect that this left."""
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope, quantity=2)
    async with transaction():
        begun = await payments.begin(scope, order.number, bank.name)
    checkout = await bank.create(await payments.request(begun.key, Urls("https://shop.example")))
    async with transaction():
        await payments.opened(begun.key, checkout, NOW)
    if pays:
        await bank.pay(checkout.reference)
    async with transaction():
        await privacy.erase(scope.contact_id, NOW)
    return order, await the_effect()


async def the_effect() -> NewEffect:
    row = await Effect.get(kind="settle")
    return NewEffect(row.key, row.kind, row.lane, row.payload)


async def nobody_is_back() -> bool:
    contact, order, payment = await Contact.get(), await Order.get(), await Payment.get()
    words = contact.name + contact.phone + order.name + order.phone + order.address + payment.url
    return words == "" and payment.conversation_id is None and await Conversation.all().count() == 0


async def test_what_was_paid_is_settled_and_staff_are_told(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await forgotten(shop, bank, pays=True)
    settle = SettleAlone({"local": bank}, lambda: NOW)
    for _ in range(2):  # also when the process died before it was recorded
        with pytest.raises(Final, match=f"Order {order.number} was paid, but its customer was forgotten") as told:
            await settle.run(effect)
    done = await settle.give_up(effect, told.value)
    assert (done.statements, done.events) == ((), (OrderChanged(order.id),))
    assert ((await Order.get()).state, (await Payment.get()).state) == ("paid", "paid")
    assert [event.action for event in await PaymentEvent.all().order_by("id")] == ["created", "opened", "settled"]
    assert await nobody_is_back()
    assert await Identity.all().count() == 0


async def test_once_the_money_is_asked_back_nothing_is_left_to_do(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await forgotten(shop, bank, pays=True)
    settle = SettleAlone({"local": bank}, lambda: NOW)
    with pytest.raises(Final):
        await settle.run(effect)
    await shop.advances(order, "refund")
    payment = await Payment.get()
    [key] = await refunds.keys_of(payment.key)
    made = await bank.refund(payment.reference, Money(13600, "CNY"), key)
    async with transaction():
        await refunds.confirm(payment.key, replace(await bank.fetch(payment.reference), refunds=(made,)), NOW)
    assert (await settle.run(effect)).events == (OrderChanged(order.id),)


async def test_nothing_paid_is_nothing_to_tell(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await forgotten(shop, bank, pays=False)
    assert (await SettleAlone({"local": bank}, lambda: NOW).run(effect)).events == (OrderChanged(order.id),)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("placed", "open")


async def test_a_wrong_sum_is_told_too(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await forgotten(shop, bank, pays=False)
    await bank.pay((await Payment.get()).reference, order.total * 2)
    with pytest.raises(Final, match="Give the money back"):
        await SettleAlone({"local": bank}, lambda: NOW).run(effect)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("placed", "mismatch")


async def test_an_order_that_was_sent_before_is_no_news(shop: Shop, bank: LocalPayments) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    payment = (await shop.pays(scope, order)).payment
    await shop.advances(order, "pack", "ship")
    async with transaction():
        await privacy.erase(scope.contact_id, NOW)
        await settlement.ask_later(payment.key, "pay:local:late-copy", NOW)
    assert await settlement.stranded(payment.key) is False


async def test_without_its_provider_or_its_payment_staff_must_look(shop: Shop, bank: LocalPayments) -> None:
    _, effect = await forgotten(shop, bank, pays=True)
    with pytest.raises(Final, match="not configured any more"):
        await SettleAlone({}).run(effect)
    unknown = NewEffect("settle:x", "settle", "payment:x", '{"payment": "x"}')
    with pytest.raises(Final, match="no such payment"):
        await SettleAlone({}).run(unknown)
    assert (await SettleAlone({}).give_up(unknown, Final("x"))).events == ()
