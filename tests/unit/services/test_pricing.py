"""Orders with charges: kept as they were, and discount codes used no more often than they may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import Refused
from bot.core.pricing import Code, Method, Rates
from bot.services import orders, pricing
from bot.services.contacts import Address
from bot.services.orders import OrderView
from bot.services.scope import Scope
from models import Order, OrderLine, Payment, locks
from models.database import transaction
from tests.unit.services.race import Rival, after
from tests.unit.services.shop import NOW, Shop

POST = Method("post", {"en": "Post", "zh": "邮政"}, {"CNY": 1200})
ONCE = Rates(codes={"TEA": Code("TEA", percent=10, uses=1)})


def buys(
    scope: Scope, rates: Rates, code: str = "tea", agreed: int | None = None
) -> Callable[[], Awaitable[OrderView]]:
    with_rates = replace(scope, rates=rates)
    return lambda: orders.place(with_rates, Address("Ann", "", "1 Tea Lane"), code=code, agreed=agreed)


async def placed(shop: Shop, scope: Scope, rates: Rates, code: str = "tea", agreed: int | None = None) -> OrderView:
    await shop.wants(scope)
    async with transaction():
        return await buys(shop.at(scope), rates, code, agreed)()


async def test_charges_are_kept_and_paid(any_shop: Shop) -> None:
    await any_shop.product(price=6800)
    ann = await any_shop.customer(locale="zh")
    rates = replace(ONCE, methods=(POST,), countries=("DE",), taxes={"DE": 19_000}, tax_included=False)
    order = await placed(any_shop, ann, rates)
    found = await orders.find(ann, order.number)
    assert found is not None
    assert [(one.kind, one.name, one.title, one.amount.amount, one.included) for one in found.charges] == [
        ("discount", "TEA", "TEA", -680, False),
        ("shipping", "post", "邮政", 1200, False),
        ("tax", "DE", "", 1391, False),
    ]
    assert found.total.amount == 6800 - 680 + 1200 + 1391
    lines = sum([line.price * line.quantity for line in await OrderLine.all()])
    assert lines + sum(one.amount.amount for one in found.charges) == (await Order.get()).total
    await any_shop.pays(ann, order)
    assert (await Payment.get()).captured == found.total.amount


async def test_two_use_the_last_code(any_shop: Shop) -> None:
    await any_shop.product(stock=5)
    ann, bob = await any_shop.customer(), await any_shop.customer("Bob")
    await any_shop.wants(bob)
    rival = Rival(buys(bob, ONCE))
    with after(locks, "discount_code", rival.comes):
        await placed(any_shop, ann, ONCE)
    with pytest.raises(Refused, match="code_used"):
        await rival.ends()
    assert await Order.all().count() == 1


async def test_an_order_that_ends_unpaid_gives_its_use_back(shop: Shop) -> None:
    await shop.product(stock=5)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    first = await placed(shop, ann, ONCE)
    async with transaction():
        await orders.cancel(ann, first.number)
    await placed(shop, bob, ONCE, " Tea ")
    with pytest.raises(Refused, match="code_used"):
        await placed(shop, ann, ONCE)
    shop.later(minutes=31)
    async with transaction():
        await orders.expire(shop.now)
    await placed(shop, ann, ONCE)


async def test_a_code_is_used_so_often_by_one_person(shop: Shop) -> None:
    await shop.product(stock=5)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    rates = Rates(codes={"TEA": Code("TEA", percent=10, uses_per_person=1)})
    await placed(shop, ann, rates)
    with pytest.raises(Refused, match="code_used"):
        await placed(shop, ann, rates)
    await placed(shop, bob, rates)


@pytest.mark.parametrize(
    ("rates", "code", "refused"),
    [
        (ONCE, "milk", "no_code"),
        (Rates(codes={"TEA": Code("TEA", percent=10, until=NOW)}), "tea", "no_code"),
        (Rates(codes={"TEA": Code("TEA", percent=10, since=NOW + timedelta(seconds=1))}), "tea", "no_code"),
        (Rates(minimum={"CNY": 6801}), "", "below_minimum"),
        (Rates(countries=("CN", "DE")), "", "no_country"),
        (Rates(methods=(POST, replace(POST, name="fast"))), "", "no_method"),  # which one?
    ],
)
async def test_what_is_refused_keeps_the_cart(shop: Shop, rates: Rates, code: str, refused: str) -> None:
    await shop.product()
    ann = await shop.customer()
    with pytest.raises(Refused, match=refused):
        await placed(shop, ann, rates, code)
    assert await Order.all().count() == 0


async def test_a_code_that_nobody_made_is_nobodys_to_lock(any_shop: Shop) -> None:
    await any_shop.product()
    with pytest.raises(Refused, match="no_code"):
        await placed(any_shop, await any_shop.customer(), ONCE, "ΐ" * 40)  # 120 characters in capitals


async def test_another_total_than_was_agreed_is_asked_again(shop: Shop) -> None:
    await shop.product(price=6800)
    ann = await shop.customer()
    async with transaction():
        assert await pricing.has_codes(replace(ann, rates=ONCE))
    with pytest.raises(Refused, match="total_changed"):
        await placed(shop, ann, ONCE, agreed=6800)
    assert (await placed(shop, ann, Rates(), "", 13600)).charges == ()
