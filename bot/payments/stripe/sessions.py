"""A payment in Stripe's words: what a request becomes, and what a session and a line of the books come to.

Source: docs.stripe.com/api/checkout/sessions, /currencies
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.core.errors import Refused
from bot.core.money import Money, exponent
from bot.core.payment import Booking, PaymentRequest, PaymentTruth, RefundTruth

#: A session lives from 30 minutes to 24 hours. What an order holds may be shorter: it is voided then.
SHORTEST, LONGEST = timedelta(minutes=60), timedelta(hours=23)
#: Stripe takes no end that is nearer; one that has come too near is put off by whole steps, so that two tries that
#: follow each other say the same words.
NEAREST, STEP = timedelta(minutes=31), timedelta(minutes=30)
#: Without decimals at Stripe.
WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
#: With three decimals at Stripe, of which the last must be 0.
TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
#: What became of the intent of a payment that takes days, as a debit, where the bank said no in the end.
BOUNCED = ("requires_payment_method", "canceled")
MOST_NAME = 250
#: A refund's states in which the money is ours again.
NOT_GIVEN = ("failed", "canceled")
#: What its books call money that went to us, or away.
SIGNS = {"charge": 1, "payment": 1, "refund": -1, "payment_refund": -1, "refund_failure": 1}
OF_REFUNDS = frozenset({"refund", "payment_refund", "refund_failure"})


def content(request: PaymentRequest) -> dict[str, str]:
    """What opens a session. Raises `Refused("wrong_amount")`."""
    form = {
        "mode": "payment",
        "client_reference_id": request.key,
        "success_url": request.return_url,
        "cancel_url": request.cancel_url or request.return_url,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": request.amount.currency.lower(),
        "line_items[0][price_data][unit_amount]": str(minor(request.amount)),
        "line_items[0][price_data][product_data][name]": request.description[:MOST_NAME] or request.order_number,
        "metadata[order]": request.order_number,
        "payment_intent_data[metadata][key]": request.key,
        "payment_intent_data[description]": request.order_number,
        "locale": request.locale if request.locale in ("en", "zh") else "auto",
    }
    if request.expires_at is not None and request.made_at is not None:
        # Of the request alone: the same key must come with the same words, however often it is tried.
        ends = min(max(request.expires_at, request.made_at + SHORTEST), request.made_at + LONGEST)
        form["expires_at"] = str(int(ends.timestamp()))
    return form


def prolonged(words: Mapping[str, str], now: datetime) -> dict[str, str] | None:
    """The same with a later end, where theirs is too near by now: with such words nothing can have been opened."""
    ends = int(words.get("expires_at", 0))
    missing = now.timestamp() + NEAREST.total_seconds() - ends
    if not ends or missing <= 0:
        return None
    step = int(STEP.total_seconds())
    return {**words, "expires_at": str(ends + step * math.ceil(missing / step))}


def minor(amount: Money) -> int:
    """In Stripe's unit. Raises `Refused("wrong_amount")` for decimals that Stripe has not."""
    units = amount.decimal.scaleb(_digits(amount.currency))
    if units % (10 if amount.currency in TENS else 1):
        raise Refused("wrong_amount", amount=amount)
    return int(units)


def _money(minor: int, currency: str) -> Money:
    code = currency.upper()
    return Money(int(Decimal(minor).scaleb(exponent(code) - _digits(code))), code)


def _digits(currency: str) -> int:
    """How many decimals Stripe has of it; by ISO 4217 MGA has two more, ISK and UGX have two less."""
    return 0 if currency in WHOLE else 3 if currency in TENS else 2


def truth(session: Mapping[str, Any]) -> PaymentTruth:
    """What has become of a session whose payment intent and charge are expanded."""
    reference = str(session["id"])
    found = session.get("payment_intent")
    intent: Mapping[str, Any] = found if isinstance(found, dict) else {}
    if session.get("payment_status") != "paid":
        bounced = session.get("status") == "complete" and intent.get("status") in BOUNCED
        return PaymentTruth(reference, "failed" if bounced or session.get("status") == "expired" else "open")
    paid = _money(int(session["amount_total"]), str(session["currency"]))
    charge = intent.get("latest_charge") or {}
    refunded = _money(int(charge.get("amount_refunded", 0)), paid.currency).amount
    return PaymentTruth(
        reference,
        "refunded" if refunded >= paid.amount else "paid",
        paid=paid,
        refunded=refunded,
        disputed=bool(charge.get("disputed")),
    )


def refund(row: Mapping[str, Any]) -> RefundTruth:
    """What has become of a refund."""
    key = str((row.get("metadata") or {}).get("refund", ""))
    amount = _money(int(row["amount"]), str(row["currency"]))
    if row.get("status") not in NOT_GIVEN:
        return RefundTruth(key, "given", amount)
    why = row.get("failure_reason") or row["status"]
    return RefundTruth(key, "failed", amount, f"Stripe could not give it back ({why}): give the money back otherwise")


def booking(row: Mapping[str, Any]) -> Booking | None:
    """What was taken or given back by a balance transaction; None for fees, payouts and the like."""
    source = row.get("source")
    if row.get("type") not in SIGNS or not isinstance(source, dict):
        return None
    at = datetime.fromtimestamp(int(row["created"]), UTC)
    amount = _money(int(source["amount"]), str(source["currency"]))
    key = str((source.get("metadata") or {}).get("key", ""))
    return Booking(str(source["id"]), Money(SIGNS[row["type"]] * amount.amount, amount.currency), at, key)
