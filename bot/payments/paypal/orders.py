"""A payment in PayPal's words: what a request becomes, and what an order with its captures and refunds comes to.

Source: developer.paypal.com/api/orders/v2, /api/payments/v2, /api/rest/reference/currency-codes
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import ProviderUnavailable, Refused
from bot.core.money import Money, exponent
from bot.core.payment import PaymentRequest, PaymentTruth, RefundTruth

#: What PayPal takes; BRL, CNY and MYR from accounts of these countries alone.
CURRENCIES = frozenset(
    {
        "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "JPY", "MXN", "MYR", "NOK",
        "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "TWD", "USD",
    }
)  # fmt: skip
#: Without decimals at PayPal, whatever they have in the world.
WHOLE = frozenset({"HUF", "JPY", "TWD"})
LOCALES = {"en": "en-US", "zh": "zh-CN"}
MOST_WORDS = 127
#: What an order can be changed to so that nobody captures it any more: to reserve money, which we never do.
VOID = {"op": "replace", "path": "/intent", "value": "AUTHORIZE"}
TAKEN = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
GIVEN_BACK = frozenset({"COMPLETED", "PENDING"})
NOT_AGREED = frozenset({"CREATED", "SAVED", "PAYER_ACTION_REQUIRED"})
NOT_PAID_YET = NOT_AGREED | {"APPROVED"}


def content(request: PaymentRequest) -> dict[str, Any]:
    """What opens an order. Raises `Refused("wrong_amount")` for decimals that PayPal has not."""
    return {
        "intent": "CAPTURE",
        "purchase_units": [
            {
                "custom_id": request.key,
                # For people, who find it in their account; each may be paid once.
                "invoice_id": f"{request.order_number}-{request.key[:8]}",
                "description": request.description[:MOST_WORDS] or request.order_number,
                "amount": amount(request.amount),
            }
        ],
        "payment_source": {"paypal": {"experience_context": _experience(request)}},
    }


def _experience(request: PaymentRequest) -> dict[str, str]:
    return {
        "return_url": request.return_url,
        "cancel_url": request.cancel_url or request.return_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        # An eCheck takes days, and goods are kept for minutes.
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "locale": LOCALES.get(request.locale[:2], "en-US"),
    }


def amount(money: Money) -> dict[str, str]:
    """As PayPal writes it. Raises `Refused("wrong_amount")` for decimals that it has not."""
    if money.currency not in WHOLE:
        return {"currency_code": money.currency, "value": f"{money.decimal:.2f}"}
    if money.decimal != int(money.decimal):
        raise Refused("wrong_amount", amount=money)
    return {"currency_code": money.currency, "value": str(int(money.decimal))}


def money(told: object) -> Money:
    """An amount of theirs. Raises `ProviderUnavailable` for what is none."""
    try:
        currency, value = str(told["currency_code"]), Decimal(str(told["value"]))  # type: ignore[index]
        minor = value.scaleb(exponent(currency))
        if minor != int(minor):
            raise ValueError("more decimals than the currency has")
        return Money(int(minor), currency)
    except (TypeError, LookupError, ValueError, InvalidOperation, OverflowError):
        raise ProviderUnavailable("PayPal tells an amount that is none") from None


def moment(told: object) -> datetime:
    """A time of theirs. Raises `ProviderUnavailable` for what is none."""
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - no time, and refused as that
    if at.tzinfo is None:
        raise ProviderUnavailable("PayPal tells a time that is none")
    return at


def truth(reference: str, order: Mapping[str, Any]) -> PaymentTruth:
    """What an order comes to. Raises `ProviderUnavailable` for one that says what nobody knows.

    Money that is under way (an eCheck, a review by PayPal) is not paid: the order is open.
    """
    status = order.get("status")
    if status in NOT_PAID_YET:
        return PaymentTruth(reference, "open" if order.get("intent") == "CAPTURE" else "failed")
    if status == "VOIDED":
        return PaymentTruth(reference, "failed")
    if status != "COMPLETED":
        raise ProviderUnavailable(f"PayPal tells a status that nobody knows: {status}")
    taken = capture(order)
    if taken is None:
        raise ProviderUnavailable("PayPal tells an order that is complete, and no payment")
    if taken.get("status") not in TAKEN:
        return PaymentTruth(reference, "open" if taken.get("status") == "PENDING" else "failed")
    paid = money(taken.get("amount"))
    made = _payments(order, "refunds")
    given = sum(money(one.get("amount")).amount for one in made if one.get("status") in GIVEN_BACK)
    # What a bank has taken back stands in the capture alone.
    refunded = paid.amount if taken["status"] == "REFUNDED" and not made else min(given, paid.amount)
    state = "refunded" if refunded >= paid.amount else "paid"
    return PaymentTruth(reference, state, paid=paid, refunded=refunded)


def capture(order: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The payment of an order; one that came to something, where there are several."""
    found = _payments(order, "captures")
    by_worth = sorted(found, key=lambda one: (one.get("status") in TAKEN, one.get("status") == "PENDING"))
    return by_worth[-1] if by_worth else None


def refund(order: Mapping[str, Any], key: str) -> RefundTruth | None:
    """What has become of the refund with our key, which is its number there; None where there is none."""
    made = next((one for one in _payments(order, "refunds") if one.get("invoice_id") == key), None)
    return refund_truth(key, made) if made is not None else None


def refund_truth(key: str, made: Mapping[str, Any]) -> RefundTruth:
    """What PayPal says of a refund. Raises `ProviderUnavailable`."""
    status, given = made.get("status"), money(made.get("amount"))
    if status in GIVEN_BACK:
        return RefundTruth(key, "given", given)
    if status not in ("CANCELLED", "FAILED"):
        raise ProviderUnavailable(f"PayPal tells a refund whose status nobody knows: {status}")
    reason = "the payer's bank did not take it, or it was called back: give the money back in another way"
    return RefundTruth(key, "failed", given, f"PayPal has stopped refund {made.get('id')} ({status}): {reason}")


def key_of(order: Mapping[str, Any]) -> str:
    """Our key of an order's payment; "" for none."""
    return next((str(unit.get("custom_id") or "") for unit in _units(order)), "")


def _units(order: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _objects(order.get("purchase_units"))


def _payments(order: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    made = [unit.get("payments") for unit in _units(order)]
    return [one for payments in made if isinstance(payments, dict) for one in _objects(payments.get(name))]


def _objects(told: object) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
