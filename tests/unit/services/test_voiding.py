"""What must not be paid any more is closed at its provider; who paid in that very moment has paid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.core.message import Inbound
from bot.payments.local import LocalPayments
from bot.runtime.voiding import VoidPayment
from bot.runtime.writes import NewEffect
from bot.services import orders, payments, settlement
from bot.services.orders import OrderView
from bot.services.payments import PaymentView, Urls
from bot.services.scope import Scope
from models import Effect, Payment
from models.database import transaction
from tests.unit.services.shop import NOW, Shop


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LocalPayments]:
    made = LocalPayments(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    yield made
    await made.close()


async def opens(bank: LocalPayments, scope: Scope, order: OrderView, provider: str = "local") -> PaymentView:
    async with transaction():
        begun = await payments.begin(scope, order.number, provider)
    checkout = await bank.create(await payments.request(begun.key, Urls("https://shop.example")))
    async with transaction():
        return await payments.opened(begun.key, checkout, NOW)


async def effect() -> NewEffect:
    row = await Effect.get(kind="void")
    return NewEffect(row.key, row.kind, row.lane, row.payload)


class Kept:
    """What would go into the lanes."""

    def __init__(self) -> None:
        self.inbounds: list[Inbound] = []

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        self.inbounds += inbounds
        return len(inbounds)


@pytest.fixture
async def bill(shop: Shop, bank: LocalPayments) -> tuple[OrderView, PaymentView]:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope)
    return order, await opens(bank, scope, order)


async def test_an_order_that_was_not_paid_in_time_cannot_be_paid(
    shop: Shop, bank: LocalPayments, bill: tuple[OrderView, PaymentView]
) -> None:
    shop.later(minutes=31)
    async with transaction():
        assert len(await orders.expire(shop.now)) == 1
    kept = Kept()
    done = await VoidPayment({"local": bank}, kept.accept, lambda: NOW).run(await effect())
    assert [one.order_id for one in done.events] == [bill[0].id]  # type: ignore[attr-defined]
    assert ((await Payment.get()).state, kept.inbounds) == ("failed", [])
    await bank.pay(bill[1].reference)
    assert (await bank.fetch(bill[1].reference)).state == "failed"


async def test_who_pays_while_it_is_closed_has_paid(
    shop: Shop, bank: LocalPayments, bill: tuple[OrderView, PaymentView]
) -> None:
    await shop.advances(bill[0], "cancel")
    await bank.pay(bill[1].reference)
    kept = Kept()
    for _ in range(2):
        await VoidPayment({"local": bank}, kept.accept, lambda: NOW).run(await effect())
    assert {(one.kind, one.data) for one in kept.inbounds} == {("payment", bill[1].key)}
    assert len({one.key for one in kept.inbounds}) == 1
    assert (await Payment.get()).state == "open"  # the conversation hears of it and settles


async def test_of_several_ways_the_others_are_closed_once_one_is_paid(
    shop: Shop, bank: LocalPayments, bill: tuple[OrderView, PaymentView], tmp_path: Path
) -> None:
    wallet = LocalPayments(tmp_path / "wallet.db", "s3cret", "https://wallet.example", clock=lambda: NOW)
    scope = await shop.customer(contact=1)
    other = await opens(wallet, scope, bill[0], "wallet")
    await bank.pay(bill[1].reference)
    async with transaction():
        await settlement.settle(bill[1].key, await bank.fetch(bill[1].reference), NOW)
    await VoidPayment({"wallet": wallet}, Kept().accept, lambda: NOW).run(await effect())
    assert {row.key: row.state for row in await Payment.all()} == {bill[1].key: "paid", other.key: "failed"}
    await wallet.close()
