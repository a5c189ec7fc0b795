"""A payment in Alipay's words: what a request becomes, and what their trade says.

Source: opendocs.alipay.com, alipay.trade.query
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.core.errors import ProviderUnavailable
from bot.core.money import Money, exponent
from bot.core.payment import PaymentRequest, PaymentTruth
from bot.payments.alipay.gateway import CHINA, TIME

MOST_SUBJECT = 256
#: They keep no payment open for longer.
LONGEST = timedelta(days=15)
#: They refuse these in a subject; their wide twins look the same.
WIDE = str.maketrans("/=&", "／＝＆")


def content(request: PaymentRequest) -> dict[str, Any]:
    """What is to be paid; of the request alone: the same key must come with the same words, however it is paid."""
    words = {"out_trade_no": request.key, "total_amount": yuan(request.amount), "subject": _subject(request)}
    if request.expires_at is not None:
        ends = min(request.expires_at, (request.made_at or request.expires_at) + LONGEST)
        words["time_expire"] = ends.astimezone(CHINA).strftime(TIME)
    return words


def _subject(request: PaymentRequest) -> str:
    """Without what they refuse: some marks, control characters, and what is beyond the basic plane, such as emoji."""
    plain = "".join(one for one in request.description if ord(one) < 0x10000 and unicodedata.category(one)[0] != "C")
    return plain.translate(WIDE).strip()[:MOST_SUBJECT] or request.order_number


def yuan(amount: Money) -> str:
    """An amount of yuan as they write it."""
    return f"{amount.decimal:.2f}"


def truth(reference: str, trade: Mapping[str, Any]) -> PaymentTruth:
    """What a trade comes to. Raises `ProviderUnavailable` for one that says what nobody knows."""
    status = trade.get("trade_status")
    if status == "WAIT_BUYER_PAY":
        return PaymentTruth(reference, "open")
    if status == "TRADE_CLOSED" and not trade.get("send_pay_date"):
        return PaymentTruth(reference, "failed")
    if status not in ("TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"):
        raise ProviderUnavailable(f"Alipay tells a status that nobody knows: {status}")
    currency = str(trade.get("trans_currency") or "CNY")
    paid = Money(minor(trade, "total_amount", currency), currency)
    # Closed after it was paid: all of it was given back.
    state, given = ("refunded", paid.amount) if status == "TRADE_CLOSED" else ("paid", 0)
    return PaymentTruth(reference, state, paid=paid, refunded=given)


def minor(told: Mapping[str, Any], name: str, currency: str) -> int:
    """An amount of an answer, in minor units. Raises `ProviderUnavailable` for what is none."""
    try:
        return whole(str(told.get(name, "")), exponent(currency))
    except ValueError:
        raise ProviderUnavailable(f"Alipay tells a {name} that is no amount") from None


def whole(written: str, exponent: int) -> int:
    """Major units in minor ones. ValueError for what is no amount, or has more decimals."""
    try:
        found = Decimal(written).scaleb(exponent)
        if found != int(found):
            raise ValueError("more decimals than the currency has")
    except (InvalidOperation, OverflowError):
        raise ValueError("not an amount") from None
    return int(found)


def moment(written: str) -> datetime:
    """A time of theirs, as aware UTC. ValueError for what is none."""
    return datetime.strptime(written, TIME).replace(tzinfo=CHINA).astimezone(UTC)
