"""Refunds: asked for with an effect of kind "refund", and booked when the provider says that the money went back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import PaymentTruth, refund_key
from bot.core.registry import reads
from bot.services.payments import PaymentView, change, locked, note, view
from models import Effect, Order, Payment, locks


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to give back; `key` is the refund's own idempotency key at the provider."""

    key: str
    payment_key: str
    provider: str
    reference: str
    amount: Money


async def of_order(order: Order, now: datetime) -> tuple[RefundRequest, ...]:
    """Ask for everything back that the locked order's payments captured. Raises `Refused("nothing_paid")`."""
    paid = [payment for payment in await locks.payments_of(order.id) if payment.captured > payment.refunded]
    if not paid:
        raise Refused("nothing_paid", number=order.number)
    return tuple([await _ask_back(payment, now) for payment in paid])


async def begin(key: str, now: datetime) -> RefundRequest:
    """Ask for everything back that this payment captured; the order keeps its state.

    Raises `Refused`: "no_payment", "nothing_paid"(number).
    """
    payment, order = await locked(key)
    if payment.captured <= payment.refunded:
        raise Refused("nothing_paid", number=order.number)
    return await _ask_back(payment, now)


@reads
async def owed(key: str) -> RefundRequest | None:
    """What the effect of kind "refund" still has to give back for the payment; None when nothing is left."""
    payment = await Payment.filter(key=key).first()
    return _refund(payment) if payment and payment.captured > payment.refunded else None


async def confirm(key: str, truth: PaymentTruth, now: datetime) -> PaymentView:
    """The provider gave money back: book it, once. Raises `Refused("no_payment")`."""
    payment, order = await locked(key)
    await book(payment, truth, now)
    return view(payment, order)


async def _ask_back(payment: Payment, now: datetime) -> RefundRequest:
    """An effect of kind "refund"; its lane is the payment's own, and it outlives the erasure of the person."""
    refund = _refund(payment)
    effect = Effect(
        key=refund.key,
        kind="refund",
        lane=f"payment:{payment.key}",
        payload=json.dumps({"payment": payment.key}),
        due_at=now,
        created_at=now,
    )
    if not await Effect.filter(key=refund.key).exists():  # the payment's lock makes look-then-write safe
        await effect.save(force_create=True)
        await note(payment, "refund", now, f"{refund.amount.amount} {refund.amount.currency} asked back")
    return refund


def _refund(payment: Payment) -> RefundRequest:
    amount = Money(payment.captured - payment.refunded, payment.captured_currency)
    return RefundRequest(refund_key(payment.key), payment.key, payment.provider, payment.reference, amount)


async def book(payment: Payment, truth: PaymentTruth, now: datetime) -> None:
    """What the provider says it gave back so far, for the locked payment; said again, nothing changes."""
    if truth.refunded <= payment.refunded:
        return
    payment.refunded = truth.refunded
    state = "refunded" if payment.refunded >= payment.captured else payment.state
    await change(payment, state, "refunded", now, f"{truth.refunded} {payment.captured_currency} in all")
