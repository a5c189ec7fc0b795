"""What WeChat Pay's answers say of a trade and of its refund."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.errors import ProviderUnavailable
from bot.core.money import Money
from bot.core.payment import PaymentTruth, RefundTruth

STATES = {
    "SUCCESS": "paid", "REFUND": "paid", "NOTPAY": "open", "USERPAYING": "open",
    "CLOSED": "failed", "REVOKED": "failed", "PAYERROR": "failed",
}  # fmt: skip
#: A refund that was taken; the money is with the payer within minutes, or days where a bank has to do it.
TAKEN = ("PROCESSING", "SUCCESS")


def truth_of(reference: str, trade: Mapping[str, Any]) -> PaymentTruth:
    """What a query says of a trade, but for how much was given back. Raises `ProviderUnavailable`."""
    try:
        state = STATES[trade["trade_state"]]
        if state != "paid":
            return PaymentTruth(reference, state)
        paid = Money(int(trade["amount"]["total"]), str(trade["amount"]["currency"]))
        return PaymentTruth(reference, state, paid=paid)
    except (KeyError, TypeError, ValueError):
        raise unclear() from None


def refund_of(key: str, refund: Mapping[str, Any]) -> RefundTruth:
    """What an answer says of the refund with our key. Raises `ProviderUnavailable`."""
    try:
        status = str(refund["status"])
        amount = Money(int(refund["amount"]["refund"]), str(refund["amount"]["currency"]))
    except (KeyError, TypeError, ValueError):
        raise unclear() from None
    if status in TAKEN:
        return RefundTruth(key, "given", amount)
    return RefundTruth(
        key,
        "failed",
        amount,
        f"WeChat Pay has stopped refund {refund.get('out_refund_no')} ({status}), maybe because the payer's card is "
        "closed: finish it in the merchant platform, Transaction centre, Refunds",
    )


def unclear() -> ProviderUnavailable:
    """The error of an answer that is signed, and all the same none."""
    return ProviderUnavailable("WeChat Pay's answer lacks what it should hold")
