"""Orders of PayPal: captured once, money under way, and those that are closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.core.errors import ProviderUnavailable, Refused
from bot.core.money import Money
from tests.kit import wire_faults
from tests.kit.platforms.paypal_shop import ORDER, Shop, hook

ALL = ORDER.amount


# orders


async def test_an_order_says_what_is_bought_and_where_its_customer_goes(shop: Shop) -> None:
    checkout = await shop.provider.create(ORDER)
    assert checkout.url == f"https://www.sandbox.paypal.com/checkoutnow?token={checkout.reference}"
    [call] = shop.server.named("create")
    assert call.headers["PayPal-Request-Id"] == f"open-{ORDER.key}"
    assert call.json() == {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "custom_id": ORDER.key,
                "invoice_id": "P7K2-4M9Q-4f0c9d4f",
                "description": "2 × Longjing",
                "amount": {"currency_code": "USD", "value": "136.00"},
            }
        ],
        "payment_source": {
            "paypal": {
                "experience_context": {
                    "return_url": "https://shop.example/paid/4f",
                    "cancel_url": "https://shop.example/off/4f",
                    "user_action": "PAY_NOW",
                    "shipping_preference": "NO_SHIPPING",
                    "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
                    "locale": "zh-CN",
                }
            }
        },
    }


async def test_an_answer_that_was_lost_is_the_same_order_the_next_time(shop: Shop) -> None:
    shop.server.fails("create", wire_faults.Lost())
    with pytest.raises(ProviderUnavailable):
        await shop.provider.create(ORDER)
    shop.server.now += 120
    checkout = await shop.provider.create(ORDER)
    assert [*shop.server.orders] == [checkout.reference]


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (Money(6800, "JPY"), "6800"),
        (Money(12_500_00, "HUF"), "12500"),
        (Money(300_00, "TWD"), "300"),
        (Money(1250, "EUR"), "12.50"),
        (Money(5, "USD"), "0.05"),
    ],
)
async def test_amounts_go_out_as_they_write_them_and_come_back_in_our_unit(
    shop: Shop, amount: Money, told: str
) -> None:
    reference = await shop.sells(replace(ORDER, amount=amount))
    assert shop.server.payment(reference)["amount"] == {"currency_code": amount.currency, "value": told}
    assert (await shop.provider.fetch(reference)).paid == amount
    assert (await shop.provider.refund(reference, amount, "r1")).amount == amount


@pytest.mark.parametrize(
    "amount",
    [
        Money(12_500_50, "HUF"),
        Money(300_01, "TWD"),
        Money(100, "RUB"),
        Money(1000, "KWD"),
        Money(99_999_999_999_99, "USD"),
    ],
)
async def test_decimals_and_sums_that_they_have_not_are_refused(shop: Shop, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await shop.provider.create(replace(ORDER, amount=amount))


async def test_what_is_sold_is_told_as_far_as_there_is_room(shop: Shop) -> None:
    for description, told in (("茶" * 200, "茶" * 127), ("", "P7K2-4M9Q")):
        reference = (await shop.provider.create(replace(ORDER, key=told, description=description))).reference
        assert shop.server.orders[reference]["purchase_units"][0]["description"] == told


# captures


async def test_who_was_approved_is_captured_once_by_whichever_asks_first(shop: Shop) -> None:
    reference = await shop.opens()
    truths = await asyncio.gather(*(shop.provider.fetch(reference) for _ in range(5)), return_exceptions=True)
    assert {(truth.state, truth.paid) for truth in truths if not isinstance(truth, BaseException)} == {("paid", ALL)}
    assert len(shop.server.rows) == 1
    assert len({call.headers["PayPal-Request-Id"] for call in shop.server.named("capture")}) == 1


@pytest.mark.parametrize("fault", [wire_faults.Lost(), wire_faults.Cut(), wire_faults.Garbage()], ids=str)
async def test_a_capture_whose_answer_was_lost_is_made_once(shop: Shop, fault: wire_faults.Fault) -> None:
    reference = await shop.opens()
    shop.server.fails("capture", fault)
    with pytest.raises(ProviderUnavailable):
        await shop.provider.fetch(reference)
    truth = await shop.provider.fetch(reference)
    assert (truth.state, truth.paid) == ("paid", ALL)
    assert len(shop.server.rows) == 1


async def test_a_capture_that_was_made_between_two_calls_is_seen(shop: Shop) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append("ORDER_ALREADY_CAPTURED")
    assert (await shop.provider.fetch(reference)).paid == ALL


@pytest.mark.parametrize("issue", ["INSTRUMENT_DECLINED", "PAYER_ACTION_REQUIRED"])
async def test_who_is_declined_may_still_pay(shop: Shop, issue: str) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append(issue)
    assert (await shop.provider.fetch(reference)).state == "open"
    shop.server.now += 60
    shop.server.approves(reference)  # by another card
    assert (await shop.provider.fetch(reference)).state == "paid"
    first, second = (call.headers["PayPal-Request-Id"] for call in shop.server.named("capture"))
    assert first != second


async def test_what_else_a_capture_is_refused_for_is_told_with_its_name(shop: Shop) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append("PAYEE_BLOCKED_TRANSACTION")
    with pytest.raises(ProviderUnavailable, match=r"422 \(PAYEE_BLOCKED_TRANSACTION, debug id 90957fca61718\)"):
        await shop.provider.fetch(reference)


@pytest.mark.parametrize(("comes", "state"), [("COMPLETED", "paid"), ("DENIED", "failed")])
async def test_money_that_is_under_way_is_not_paid_until_it_has_come(shop: Shop, comes: str, state: str) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append("PENDING")
    for _ in range(2):
        truth = await shop.provider.fetch(reference)
        assert (truth.state, truth.paid) == ("open", None)
    assert (await shop.provider.void(reference)).state == "open"  # nobody can call it back
    with pytest.raises(Refused, match="not_paid"):
        await shop.provider.refund(reference, ALL, "r1")
    [notice] = await shop.provider.parse(hook(shop.server.tells(reference, comes)))
    assert notice.key == ORDER.key
    assert (await shop.provider.fetch(reference)).state == state


async def test_a_capture_that_is_declined_at_once_is_failed(shop: Shop) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append("DECLINED")
    assert (await shop.provider.fetch(reference)).state == "failed"


# orders that are closed


async def test_who_approves_what_is_closed_pays_nothing(shop: Shop) -> None:
    reference = (await shop.provider.create(ORDER)).reference
    shop.server.approves(reference)
    assert (await shop.provider.void(reference)).state == "failed"
    assert (await shop.provider.fetch(reference)).state == "failed"
    assert shop.server.count("capture") == 0


async def test_who_captures_while_it_is_closed_finds_it_closed(shop: Shop) -> None:
    reference = await shop.opens()
    shop.server.outcomes.append("ACTION_DOES_NOT_MATCH_INTENT")
    assert (await shop.provider.fetch(reference)).state == "failed"
    assert shop.server.rows == []


async def test_what_paypal_does_not_close_is_tried_again_once_its_customer_agreed(shop: Shop) -> None:
    reference = (await shop.provider.create(ORDER)).reference
    assert (await shop.provider.void(reference)).state == "failed"  # nobody captures it but us
    shop.server.approves(reference)
    shop.server.fails("change", wire_faults.Status(422, "no"))
    with pytest.raises(ProviderUnavailable, match="does not close") as told:
        await shop.provider.void(reference)
    assert told.value.after == 60
    assert (await shop.provider.void(reference)).state == "failed"


async def test_an_order_that_they_forgot_is_closed(shop: Shop) -> None:
    reference = (await shop.provider.create(ORDER)).reference
    shop.server.now += 4 * 3600
    with pytest.raises(Refused, match="no_payment"):
        await shop.provider.fetch(reference)
    assert (await shop.provider.void(reference)).state == "failed"
