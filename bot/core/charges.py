"""Payments inside a platform's own client: it asks us before it charges, and tells of each charge by the channel.

The platform knows nothing of an invoice that nobody has paid, and may not be there to be asked about one that was. So
what it told us is kept as it came, and a provider that works like this is given a way to read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import PaymentProvider

#: Inbounds that belong to no conversation: answered or kept at once, however much waits there.
MAY_PAY, CHARGED, CHARGED_BACK = "may_pay", "charged", "charged_back"
KINDS = frozenset({MAY_PAY, CHARGED, CHARGED_BACK})


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that the platform says it took: its own `id` of it, and the `other_id` of whoever moved it, if another."""

    id: str
    paid: Money
    at: datetime
    other_id: str = ""
    refunded: int = 0  # minor units, as far as the platform told


@dataclass(frozen=True, slots=True)
class Invoice:
    """What we ourselves know of one: what it asks for, whether it may still be paid, and the charge we were told of.

    `key` is of our payment: two of them have the same invoice where it was charged twice.
    """

    reference: str
    key: str
    asked: Money
    made_at: datetime
    is_open: bool
    charge: Charge | None = None


class Invoices(Protocol):
    """Our own invoices, as the provider that they are of reads them."""

    async def of(self, reference: str) -> Invoice | None:
        """The invoice with this reference of the provider's."""

    async def with_charge(self, id: str) -> Invoice | None:  # noqa: A002
        """The one that we were told of with this charge."""

    def charged(self, begin: datetime, end: datetime) -> AsyncIterator[Invoice]:
        """Those that were charged in this time, `end` not included, the oldest first."""


@runtime_checkable
class PaidInChat(PaymentProvider, Protocol):
    """A provider whose invoices are paid inside a platform's client."""

    def charges(self, reference: str, asked: Money) -> Money:
        """What the platform asks for on the invoice with this reference: the same worth, maybe in its own currency."""


def native(paid: Money, *, id: str, other_id: str = "") -> Mapping[str, str | int]:  # noqa: A002
    """How a channel tells of a sum in an inbound: `id` is of the charge, or of the question whether it may be made."""
    return {"id": id, "amount": paid.amount, "currency": paid.currency, "other_id": other_id}


def sum_of(inbound: Inbound) -> Money:
    """The sum that an inbound of `KINDS` is about."""
    return Money(int(inbound.native["amount"]), str(inbound.native["currency"]))


def charge_of(inbound: Inbound, now: datetime) -> Charge:
    """The charge that an inbound tells of; one without a time was made just now."""
    at = inbound.sent_at or now
    return Charge(str(inbound.native["id"]), sum_of(inbound), at, str(inbound.native["other_id"]))


def key_of(payload: str) -> str:
    """Our payment's key in what an invoice carries for us: a reference is the key, and perhaps ":" and more."""
    return payload.partition(":")[0]
