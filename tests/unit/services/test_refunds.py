"""A refund that staff ask for reaches the bank once, whatever is repeated, and nobody is left in the dark."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.errors import Final
from bot.core.events import OrderChanged, RowChanged
from bot.payments.local import LocalPayments
from bot.runtime.refunds import GiveBack
from bot.runtime.writes import ATTENTION, NewEffect
from bot.services import payments, refunds, settlement
from bot.services.orders import OrderView
from bot.services.payments import Urls
from models import Effect, Payment
from models.database import transaction
from tests.unit.services.shop import NOW, Shop


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LocalPayments]:
    made = LocalPayments(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    yield made
    await made.close()


async def a_refunded_order(shop: Shop, bank: LocalPayments) -> tuple[OrderView, NewEffect]:
    """Bought, paid at the bank, and taken back by staff; with the effect that this left."""
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope, quantity=2)
    async with transaction():
        begun = await payments.begin(scope, order.number, bank.name)
    checkout = await bank.create(await payments.request(begun.key, Urls("https://shop.example")))
    await bank.pay(checkout.reference)
    async with transaction():
        await payments.opened(begun.key, checkout, NOW)
        await settlement.settle(begun.key, await bank.fetch(checkout.reference), NOW)
    order = await shop.advances(order, "refund")
    row = await Effect.get(kind="refund")
    return order, NewEffect(row.key, row.kind, row.lane, row.payload)


async def test_the_money_goes_back_once(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await a_refunded_order(shop, bank)
    give_back = GiveBack({"local": bank}, lambda: NOW)
    first, second = await give_back.run(effect), await give_back.run(effect)
    assert (first.events, second.events) == ((OrderChanged(order.id),), ())
    payment = await Payment.get()
    assert (payment.state, payment.captured, payment.refunded) == ("refunded", 13600, 13600)
    assert (await bank.fetch(payment.reference)).refunded == 13600


async def test_given_back_but_not_recorded_is_not_given_back_again(shop: Shop, bank: LocalPayments) -> None:
    _, effect = await a_refunded_order(shop, bank)
    payment = await Payment.get()
    wanted = await refunds.owed(payment.key)
    assert wanted is not None
    await bank.refund(wanted.reference, wanted.amount, wanted.key)  # and here the process died
    await GiveBack({"local": bank}, lambda: NOW).run(effect)
    assert (await bank.fetch(payment.reference)).refunded == 13600
    assert (await Payment.get()).state == "refunded"


async def test_without_its_provider_staff_must_look(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await a_refunded_order(shop, bank)
    give_back = GiveBack({}, lambda: NOW)
    with pytest.raises(Final, match="not configured any more") as error:
        await give_back.run(effect)
    done = await give_back.give_up(effect, error.value)
    assert done.statements == ((ATTENTION, [("refund", NOW, order.conversation_id)]),)
    assert done.events == (OrderChanged(order.id), RowChanged(order.conversation_id or 0))
    assert (await Payment.get()).refunded == 0


async def test_a_payment_that_is_not_there(shop: Shop) -> None:
    effect = NewEffect("refund:x", "refund", "payment:x", '{"payment": "x"}')
    with pytest.raises(Final, match="no such payment"):
        await GiveBack({}).run(effect)
    assert (await GiveBack({}).give_up(effect, Final("x"))).statements == ()
