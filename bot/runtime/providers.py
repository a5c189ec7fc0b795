"""The payment that something is to be done about, and its provider; a `Final` error says which of them is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import msgspec

from bot.core.errors import Final, ProviderUnavailable
from bot.core.payment import PaymentProvider, PaymentTruth, RefundTruth
from bot.runtime.writes import NewEffect
from bot.services import payments, refunds
from bot.services.payments import PaymentView

#: Nothing more is to be taken.
PAID = ("paid", "mismatch", "refunded")


def key_of(effect: NewEffect) -> str:
    """The payment's key of an effect whose payload is `{"payment": key}`."""
    return str(msgspec.json.decode(effect.payload)["payment"])


async def known(key: str) -> PaymentView:
    """The payment of this key."""
    payment = await payments.by_key(key)
    if payment is None:
        raise Final("there is no such payment")
    return payment


def provider(providers: Mapping[str, PaymentProvider], name: str) -> PaymentProvider:
    """The provider of this name."""
    found = providers.get(name)
    if found is None:
        raise Final(f"the payment provider {name!r} is not configured any more")
    return found


async def ask(bank: PaymentProvider, payment: PaymentView, now: datetime, *made: RefundTruth) -> PaymentTruth:
    """What the provider says of the payment, and of each refund of it; `made` it has told already.

    Where asking takes the money, an order that waits for none is closed there instead. Raises as its `fetch` does;
    `ProviderUnavailable` where it may be opening it just now.
    """
    if not payment.reference:
        raise ProviderUnavailable(f"the payment for order {payment.order_number} is not opened yet")
    is_over = bank.terms.captures and payment.state not in PAID and not await payments.is_due(payment.key, now)
    truth = await (bank.void if is_over else bank.fetch)(payment.reference)
    keys = [key for key in await refunds.keys_of(payment.key) if key not in {one.key for one in made}]
    told = [await bank.fetch_refund(payment.reference, key) for key in keys]
    return replace(truth, asked_at=now, refunds=(*made, *(one for one in told if one is not None)))
