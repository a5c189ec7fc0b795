"""Refunds, which happen once, and bills, whose days are China's."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.errors import ProviderUnavailable, Refused
from bot.core.money import Money
from bot.payments.alipay.provider import Alipay
from tests.kit import wire_faults
from tests.kit.platforms.alipay_shop import NOW, ORDER, Shop


@pytest.mark.parametrize("fault", [wire_faults.Lost(), wire_faults.Cut(), wire_faults.Garbage()], ids=str)
async def test_a_refund_whose_answer_was_lost_is_made_once(bare: Shop, alone: Alipay, fault: wire_faults.Fault) -> None:
    bare.paid(await alone.create(ORDER))
    bare.server.fails("trade.refund", fault)
    with pytest.raises(ProviderUnavailable):
        await alone.refund(ORDER.key, Money(600, "CNY"), "refund:1")
    assert (await alone.refund(ORDER.key, Money(600, "CNY"), "refund:1")).amount.amount == 600
    assert [str(one) for one in bare.server.trades[ORDER.key].refunds.values()] == ["6.00"]


async def test_a_refund_counts_when_the_money_has_moved(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(ORDER))
    bare.server.slow_refunds = True
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="under way"):
            await alone.refund(ORDER.key, ORDER.amount, "r1")
    bare.server.slow_refunds = False
    assert (await alone.refund(ORDER.key, ORDER.amount, "r1")).amount == ORDER.amount
    truth = await alone.fetch(ORDER.key)
    assert (truth.state, truth.refunded) == ("refunded", 13600)


async def test_the_same_key_with_another_sum_tells_what_was_given_back(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(ORDER))
    await alone.refund(ORDER.key, Money(600, "CNY"), "r1")
    assert (await alone.refund(ORDER.key, Money(700, "CNY"), "r1")).amount.amount == 600
    assert (await alone.refund(ORDER.key, Money(700, "CNY"), "r2")).amount.amount == 700
    with pytest.raises(Refused, match="too_much"):
        await alone.refund(ORDER.key, Money(13000, "CNY"), "r3")


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "fill it up"),
        ("ACQ.TRADE_HAS_FINISHED", "too late"),
        ("ACQ.SOMETHING_NEW", "ACQ.SOMETHING_NEW"),
    ],
)
async def test_why_nothing_is_given_back(bare: Shop, alone: Alipay, detail: str, words: str) -> None:
    bare.paid(await alone.create(ORDER))
    bare.server.refund_no = detail
    with pytest.raises(ProviderUnavailable, match=words):
        await alone.refund(ORDER.key, ORDER.amount, "r1")


async def books(provider: Alipay, day: datetime) -> list[tuple[str, str, int, datetime]]:
    return [(one.key, one.reference, one.amount.amount, one.at) async for one in provider.books(day.date())]


async def test_a_day_of_books_is_of_two_days_in_china(bare: Shop, alone: Alipay) -> None:
    keys = {}
    for hours, key in ((-10, "morning"), (0, "evening"), (7, "tomorrow")):
        bare.server.now = (NOW + timedelta(hours=hours)).timestamp()
        bare.paid(await alone.create(replace(ORDER, key=key, expires_at=None, description="茶, 2 × “a”")))
        keys[key] = bare.server.trades[key].number
    bare.server.now = (NOW + timedelta(hours=1)).timestamp()
    await alone.refund("morning", Money(600, "CNY"), "r1")
    [request] = bare.server.trades["morning"].refunds
    bare.server.now = (NOW + timedelta(days=2)).timestamp()
    assert await books(alone, NOW) == [
        ("morning", keys["morning"], 13600, NOW - timedelta(hours=10)),
        ("evening", keys["evening"], 13600, NOW),
        ("morning", request, -600, NOW + timedelta(hours=1)),
    ]
    assert [one[0] for one in await books(alone, NOW + timedelta(days=-1))] == []


async def test_a_bill_of_many_trades_is_read(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(replace(ORDER, description='"茶", 2, 2026-11-24 00:00:00, ×')))
    [(at, line)] = bare.server.booked
    noise = random.Random(1)  # so that it does not shrink in a ZIP
    number = bare.server.trades[ORDER.key].number
    lines = [line.replace(number, f"{noise.getrandbits(12_000):x}") for _ in range(6_000)]
    bare.server.booked = [(at, one) for one in lines]
    bare.server.now += 2 * 86400
    found = await books(alone, NOW)
    assert (len(found), {one[2] for one in found}) == (6_000, {13600})


async def test_the_line_of_a_bill_that_cannot_be_read_is_named(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(ORDER))
    bare.server.booked.append((bare.server.booked[0][0], bare.server.booked[0][1].replace("136.00", "much")))
    bare.server.now += 2 * 86400
    with pytest.raises(ProviderUnavailable, match=r"line 7 of Alipay's bill"):
        await books(alone, NOW)


async def test_books_are_there_by_noon_in_china(bare: Shop, alone: Alipay) -> None:
    for now, words in (
        (NOW - timedelta(hours=10), "when that day is over"),
        (NOW, "by noon in China"),
        (datetime(2026, 11, 25, 0, 30, tzinfo=UTC), "by noon in China"),  # 8:30 there: not made
    ):
        bare.server.now = now.timestamp()
        with pytest.raises(ProviderUnavailable, match=words):
            await books(alone, datetime(2026, 11, 23, tzinfo=UTC))
    bare.server.now = datetime(2026, 11, 25, 4, 0, tzinfo=UTC).timestamp()
    assert await books(alone, datetime(2026, 11, 23, tzinfo=UTC)) == []  # nothing was sold


@pytest.mark.parametrize("fault", [wire_faults.Status(403), wire_faults.Garbage(), wire_faults.Cut()], ids=str)
async def test_a_bill_that_does_not_come_is_no_empty_bill(bare: Shop, alone: Alipay, fault: wire_faults.Fault) -> None:
    bare.paid(await alone.create(ORDER))
    bare.server.now += 2 * 86400
    bare.server.fails("bill", fault)
    with pytest.raises(ProviderUnavailable):
        await books(alone, NOW)
    assert len(await books(alone, NOW)) == 1
