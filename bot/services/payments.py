"""Payments: begun, opened at a provider, and settled once, under lock, by what the provider itself says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.money import Money
from bot.core.ports import Checkout, PaymentRequest, PaymentTruth
from bot.core.registry import reads
from bot.services.scope import Scope

Outcome = Literal["paid", "already", "open", "failed", "mismatch", "late"]


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One attempt to be paid. `reference` and `url` are empty until the provider opened it."""

    key: str
    order_number: str
    provider: str
    reference: str
    url: str
    amount: Money
    state: str  # created | open | paid | failed | mismatch | unknown | refunded
    conversation_id: int | None
    order_id: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling came to.

    paid      the order is paid now; said exactly once for a payment
    already   it was settled before
    open      the provider still waits for the customer
    failed    the provider says that it will not be paid
    mismatch  another amount or currency was paid, or the order was paid twice: staff must look
    late      paid after the order had ended, and its stock is gone: staff must give the money back

    `fresh` is true when this call changed something: only then is there news to tell.
    """

    outcome: Outcome
    fresh: bool
    payment: PaymentView


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to give back; `key` is the refund's own idempotency key at the provider."""

    key: str
    payment_key: str
    provider: str
    reference: str
    amount: Money


async def begin(scope: Scope, number: str, provider: str) -> PaymentView:
    """A payment for the contact's own order; an open one of the same provider and amount is used again.

    Raises `Refused`: "no_order", "wrong_state"(number, state), "expired"(number).
    """
    raise NotImplementedError


@reads
async def request(key: str, return_url: str) -> PaymentRequest:
    """What to ask the provider for. Raises `Refused("no_payment")`."""
    raise NotImplementedError


async def opened(key: str, checkout: Checkout, now: datetime) -> PaymentView:
    """The provider opened it. Raises `Refused("no_payment")`."""
    raise NotImplementedError


@reads
async def by_key(key: str) -> PaymentView | None:
    """The payment with our key."""
    raise NotImplementedError


@reads
async def by_reference(provider: str, reference: str) -> PaymentView | None:
    """The payment that the provider knows as `reference`."""
    raise NotImplementedError


async def settle(key: str, truth: PaymentTruth, now: datetime) -> Settlement:
    """Make the rows agree with what the provider says, under lock. Raises `Refused("no_payment")`."""
    raise NotImplementedError


async def begin_refund(key: str, now: datetime) -> RefundRequest:
    """Ask for everything back that this payment captured. Raises `Refused`: "no_payment", "nothing_paid"."""
    raise NotImplementedError


async def refunded(key: str, truth: PaymentTruth, now: datetime) -> PaymentView:
    """The provider gave money back: book it. Raises `Refused("no_payment")`."""
    raise NotImplementedError
