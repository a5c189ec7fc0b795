"""The payment that something is to be done about, and its provider; a `Final` error says which of them is not there."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from bot.core.errors import Final
from bot.core.payment import PaymentProvider
from bot.runtime.writes import NewEffect
from bot.services import payments
from bot.services.payments import PaymentView


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
