"""What PayPal gives back, once, and its books."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.core.errors import ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from tests.kit import wire_faults
from tests.kit.platforms.paypal_shop import NOW, ORDER, Shop

ALL = ORDER.amount


# refunds


async def test_a_refund_whose_answer_was_lost_is_made_once_however_late_it_is_tried_again(shop: Shop) -> None:
    reference = await shop.sells()
    shop.server.fails("refund", wire_faults.Cut())
    with pytest.raises(ProviderUnavailable):
        await shop.provider.refund(reference, Money(600, "USD"), "r1")
    shop.server.now += 46 * 86400  # by then the id of the request is forgotten
    assert (await shop.provider.refund(reference, Money(600, "USD"), "r1")).state == "given"
    assert (await shop.provider.fetch(reference)).refunded == 600
    await shop.provider.refund(reference, Money(13000, "USD"), "r2")
    assert (await shop.provider.fetch(reference)).state == "refunded"


@pytest.mark.parametrize(
    ("issue", "raised", "told"),
    [
        ("REFUND_TIME_LIMIT_EXCEEDED", Refused, "too_late"),
        ("TRANSACTION_DISPUTED", Refused, "charge_disputed"),
        ("REFUND_FAILED_INSUFFICIENT_FUNDS", ProviderUnavailable, "REFUND_FAILED_INSUFFICIENT_FUNDS.*fill it up"),
    ],
)
async def test_a_refund_that_they_do_not_make_is_told_as_what_it_is(
    shop: Shop, issue: str, raised: type[Exception], told: str
) -> None:
    """For ever, or until the cure that it names."""
    reference = await shop.sells()
    shop.server.refused_refunds.append(issue)
    with pytest.raises(raised, match=told):
        await shop.provider.refund(reference, ALL, "r1")


async def test_what_is_left_is_told_where_it_is_too_much(shop: Shop) -> None:
    reference = await shop.sells()
    await shop.provider.refund(reference, Money(10000, "USD"), "r1")
    with pytest.raises(Refused, match="too_much") as told:
        await shop.provider.refund(reference, Money(3601, "USD"), "r2")
    assert told.value.facts["left"] == Money(3600, "USD")


async def test_what_a_bank_took_back_is_given_back(shop: Shop) -> None:
    reference = await shop.sells()
    shop.server.payment(reference)["status"] = "REFUNDED"
    assert ((await shop.provider.fetch(reference)).state, await shop.provider.fetch_refund(reference, "r1")) == (
        "refunded",
        None,
    )


# books


async def booked(shop: Shop, day: date) -> list[int]:
    return [one.amount.amount async for one in shop.provider.books(day)]


async def test_a_day_is_read_by_pages_three_hours_after_it(shop: Shop) -> None:
    for hour in range(5):
        shop.server.now = (NOW + timedelta(hours=hour)).timestamp()
        await shop.sells(replace(ORDER, key=f"{hour}-{ORDER.key}", amount=Money(100 + hour, "USD")))
    shop.server.now = datetime(2026, 11, 24, 2, 59, 59, tzinfo=UTC).timestamp()
    with pytest.raises(ProviderUnavailable, match="from 03:00 UTC"):
        await booked(shop, NOW.date())
    shop.server.now += 1
    assert await booked(shop, NOW.date()) == [100, 101, 102, 103, 104]
    assert shop.server.count("books") == 3


async def test_a_day_with_more_than_they_list_is_read_in_parts(shop: Shop) -> None:
    for hour in range(5):
        shop.server.now = (NOW + timedelta(hours=hour)).timestamp()
        await shop.sells(replace(ORDER, key=f"{hour}-{ORDER.key}", amount=Money(100 + hour, "USD")))
    shop.server.now += 2 * 86400
    shop.server.most_listed = 2
    assert await booked(shop, NOW.date()) == [100, 101, 102, 103, 104]


async def test_books_are_of_what_was_paid_and_given_back_alone(shop: Shop) -> None:
    await shop.sells()
    [row] = shop.server.rows
    for code, status in (("T0400", "S"), ("T1110", "S"), ("T0006", "D"), ("T0006", "P")):
        line = row["transaction_info"] | {"transaction_event_code": code, "transaction_status": status}
        shop.server.rows.append(row | {"transaction_info": line})
    shop.server.now += 2 * 86400
    assert await booked(shop, NOW.date()) == [ALL.amount]


async def test_books_that_may_not_be_read_are_told_with_the_cure(shop: Shop) -> None:
    shop.server.scopes = ""
    shop.server.now += 2 * 86400
    with pytest.raises(Unauthorised, match="switch on Transaction search"):
        await booked(shop, NOW.date())
    shop.server.scopes = "reporting/search/read"  # and the next token has it
    assert await booked(shop, NOW.date()) == []
    assert shop.server.count("token") == 2
