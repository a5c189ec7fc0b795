"""Charges that a platform tells of: once each, whoever comes at the same moment, on each engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.core.charges import Charge
from bot.core.money import Money
from bot.services import charges
from bot.services.charges import KeptInvoices
from bot.services.payments import PaymentView
from models import Charge as Row
from models import Payment, locks
from models.database import transaction
from tests.unit.services.race import Rival, after
from tests.unit.services.shop import Shop

STARS = Money(340, "XTR")


async def invoiced(shop: Shop) -> PaymentView:
    await shop.product()
    scope = await shop.customer(locale="zh-hans")
    return await shop.opens_payment(scope, await shop.buys(scope))


def tells(shop: Shop, key: str, charge: str) -> Callable[[], Awaitable[PaymentView | None]]:
    return lambda: charges.keep("telegram", key, Charge(charge, STARS, shop.now, "theirs"), shop.now)


@pytest.mark.parametrize(("second", "kept"), [("c1", 1), ("c2", 2)])
async def test_two_are_told_at_once(any_shop: Shop, second: str, kept: int) -> None:
    payment = await invoiced(any_shop)
    rival = Rival(tells(any_shop, payment.key, second))
    async with transaction():
        with after(locks, "order_of", rival.comes):
            first = await tells(any_shop, payment.key, "c1")()
    other = await rival.ends()
    assert first
    assert other
    assert (first.key == payment.key, other.key == payment.key) == (True, kept == 1)
    assert (await Row.all().count(), await Payment.all().count()) == (kept, kept)


async def test_what_is_kept_is_what_the_provider_reads(any_shop: Shop) -> None:
    payment = await invoiced(any_shop)
    invoices = KeptInvoices("local")
    before = await invoices.of(payment.reference)
    assert before
    assert (before.asked, before.is_open, before.charge) == (payment.amount, True, None)
    async with transaction():
        await tells(any_shop, payment.key, "c1")()
        await tells(any_shop, payment.key, "c2")()
        await charges.given_back("telegram", payment.key, Charge("c1", STARS, any_shop.now), any_shop.now)
        assert await tells(any_shop, "unknown", "c3")() is None
    found = [one async for one in invoices.charged(any_shop.now, any_shop.now + timedelta(days=1))]
    told = [(one.charge.id, one.charge.paid, one.charge.refunded) for one in found if one.charge]
    assert told == [("c1", STARS, 340), ("c2", STARS, 0)]
    assert await invoices.of(payment.reference) == found[0]
    assert [await invoices.with_charge(id_) for id_ in ("c1", "c2", "c3")] == [*found, None]
    assert [one.key == payment.key for one in found] == [True, False]
    assert found[1].reference.startswith(f"{payment.reference}#")
    assert [one async for one in invoices.charged(any_shop.now - timedelta(days=1), any_shop.now)] == []
    assert await KeptInvoices("stripe").of(payment.reference) is None


async def test_a_look_says_what_stands_in_the_way(shop: Shop) -> None:
    payment = await invoiced(shop)
    found = await charges.look(payment.key, shop.now)
    assert found
    assert (found.payment.key, found.locale, found.refusal) == (payment.key, "zh", None)
    async with transaction():
        await tells(shop, payment.key, "c1")()
    told = await charges.look(payment.key, shop.now)
    assert told
    assert told.refusal
    assert told.refusal.code == "paid_already"  # before it is settled
    assert await charges.look("unknown", shop.now) is None
