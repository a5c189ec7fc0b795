"""Books that add up: what the shop has booked is what the bank has, to the cent."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.money import Money
from bot.payments.local import LocalPayments
from bot.runtime.providers import ask
from bot.services import ledger, orders, payments, refunds, settlement
from bot.services.order_states import EARNED
from bot.services.payments import Urls
from bot.services.scope import Scope
from bot.services.settlement import Settlement
from models import LedgerEntry, Order, OrderLine, Payment
from models.database import fetch, transaction
from tests.unit.services.shop import NOW, Shop, on_shelf


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LocalPayments]:
    made = LocalPayments(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    yield made
    await made.close()


async def asks(bank: LocalPayments, key: str) -> Settlement:
    """What every notice, browser return and poll does: fetch the truth, then settle."""
    known = await payments.by_key(key)
    assert known is not None
    truth = await bank.fetch(known.reference)
    async with transaction():
        return await settlement.settle(key, truth, NOW)


async def checks_out(shop: Shop, bank: LocalPayments, scope: Scope) -> tuple[int, str, str]:
    order = await shop.buys(scope, quantity=random.Random(scope.contact_id).randint(1, 3))
    begun = await payments.begin(scope, order.number, bank.name)
    checkout = await bank.create(await payments.request(begun.key, Urls("https://shop.example")))
    await payments.opened(begun.key, checkout, NOW)
    return order.id, begun.key, checkout.reference


async def test_the_ledger_is_the_banks_to_the_cent(shop: Shop, bank: LocalPayments) -> None:
    dice = random.Random(12)
    await shop.product(price=6799, stock=500)
    outcomes: list[str] = []
    for number in range(40):
        scope = await shop.customer(f"Customer {number}")
        order_id, key, reference = await checks_out(shop, bank, scope)
        wrong = Money(dice.randint(1, 9000), "CNY") if dice.random() < 0.2 else None
        await (bank.decline(reference) if dice.random() < 0.1 else bank.pay(reference, wrong))
        told = [(await asks(bank, key)) for _ in range(dice.randint(1, 3))]
        assert sum(one.fresh for one in told) == 1
        outcomes.append(told[0].outcome)
        if told[0].outcome == "paid" and dice.random() < 0.3:
            await orders.advance(order_id, "refund", "staff:1", NOW)
            [asked] = await refunds.keys_of(key)
            wanted = await refunds.by_key(asked)
            known = await payments.by_key(key)
            assert wanted is not None
            assert known is not None
            for _ in range(2):
                made = await bank.refund(reference, wanted.amount, asked)
                await refunds.confirm(key, await ask(bank, known, NOW, made), NOW)
    assert {*outcomes} == {"paid", "failed", "mismatch"}
    rows = await Payment.all()
    truths = [await bank.fetch(row.reference) for row in rows]
    in_bank = sum((truth.paid.amount if truth.paid else 0) - truth.refunded for truth in truths)
    assert sum(row.captured - row.refunded for row in rows) == in_bank
    earned = await Order.filter(state__in=list(EARNED))
    kept = sum(row.captured - row.refunded for row in rows if row.state == "paid")
    assert sum(order.total for order in earned) == kept
    assert sum(row.state == "paid" for row in rows) == len(earned) == outcomes.count("paid") - outcomes_refunded(rows)
    lines = await OrderLine.filter(order_id__in=[order.id for order in earned])
    sold = sum(line.quantity for line in lines)
    assert await on_shelf() == 500 - sold
    stands = {one.account: one.amount.amount for one in await ledger.balances()}
    assert stands == {"provider:local": in_bank, "sales": -kept, "owed": kept - in_bank}
    assert {*await LedgerEntry.all().values_list("currency", flat=True)} == {"CNY"}
    causes = await fetch("SELECT cause, SUM(amount) AS rest FROM ledger_entry GROUP BY cause, currency")
    assert {row["rest"] for row in causes} == {0}


async def test_a_sum_that_is_told_anew_is_booked_anew(shop: Shop, bank: LocalPayments) -> None:
    await shop.product()
    order = await shop.buys(scope := await shop.customer())
    payment = await shop.opens_payment(scope, order)
    for paid in (Money(100, "CNY"), Money(100, "CNY"), Money(90, "USD")):
        await shop.settles(payment, paid=paid)
    stands = {(one.account, one.amount) for one in await ledger.balances() if one.amount.amount}
    assert stands == {("provider:local", Money(90, "USD")), ("owed", Money(-90, "USD"))}
    assert await LedgerEntry.all().count() == 6


async def test_what_a_node_without_books_settled_is_booked_later(any_shop: Shop) -> None:
    shop = any_shop
    await shop.product()
    people = [await shop.customer(name) for name in "abcd"]
    paid, given, wrong, booked = [await shop.opens_payment(one, await shop.buys(one)) for one in people]
    for payment in (paid, given, booked):
        await shop.settles(payment)
    await shop.settles(wrong, paid=Money(90, "USD"))
    await LedgerEntry.filter(payment__key__in=[paid.key, wrong.key]).delete()
    await Payment.filter(key=given.key).update(refunded=800)  # part of it was given back there
    assert await ledger.behind(NOW) == (paid.key, given.key, wrong.key)
    assert await ledger.behind(NOW + timedelta(seconds=1)) == ()
    for _ in range(2):
        for key in await ledger.behind(NOW):
            async with transaction():
                await payments.rebook(key, NOW)
    assert await ledger.behind(NOW) == ()
    stands = {one.account: one.amount for one in await ledger.balances() if one.amount.currency == "CNY"}
    assert stands == {"provider:local": Money(3 * 6800 - 800, "CNY"), "sales": Money(800 - 3 * 6800, "CNY")}
    assert Money(-90, "USD") in [one.amount for one in await ledger.balances() if one.account == "owed"]


def outcomes_refunded(rows: list[Payment]) -> int:
    return sum(row.state == "refunded" for row in rows)
