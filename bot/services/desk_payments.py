"""An order's payments as the desk shows them, and what staff do about their money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import order_states, orders, refunds
from bot.services.orders import OrderView
from bot.services.payments import locked
from bot.services.refunds import Wish
from models import Payment, Refund, locks


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money that was asked back of a payment. `state`: asked | given | failed | unknown."""

    id: int
    amount: Money
    state: str
    reason: str
    error: str
    staff_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One attempt to be paid. `left` is what may still be given back."""

    id: int
    provider: str
    reference: str
    amount: Money
    state: str
    captured: int
    refunded: int
    taken: Money | None
    left: Money | None
    created_at: datetime
    refunds: tuple[RefundRow, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A payment: its order, in which currency it was asked for, and in which it was paid."""

    order_id: int
    asked: str
    paid: str


async def of_order(order_id: int) -> tuple[PaymentRow, ...]:
    """All of an order, the oldest first."""
    return tuple([await _row(payment) for payment in await Payment.filter(order_id=order_id).order_by("id")])


async def known(payment_id: int) -> Known:
    """Raises `Refused("no_payment")`."""
    payment = await Payment.filter(id=payment_id).first()
    if payment is None:
        raise Refused("no_payment")
    return Known(payment.order_id, payment.currency, payment.captured_currency or payment.currency)


async def refund(refund_id: int) -> tuple[str, int]:
    """A refund's key, and its order. Raises `Refused("no_payment")`."""
    row = await Refund.filter(id=refund_id).select_related("payment").first()
    if row is None:
        raise Refused("no_payment")
    return row.key, row.payment.order_id


async def give_back(payment_id: int, amount: Money, wish: Wish, now: datetime) -> OrderView | None:
    """Staff want so much given back; None where the same wish was said before.

    All that is left of an order's money is the order's own step "refund". Raises `Refused`: "no_payment",
    "nothing_paid", "too_much"(left).
    """
    found = await Payment.filter(id=payment_id).first()
    if found is None:
        raise Refused("no_payment")
    payment, order = await locked(found.key)
    if await refunds.said(payment, wish):
        return None
    await refunds.ask(payment, amount, wish, now)
    left = [(await refunds.left_of(row)).amount for row in await locks.payments_of(order.id)]
    actor, note = f"staff:{wish.staff_id}", f"{amount.decimal} {amount.currency}: {wish.reason}"
    if not any(left) and "refund" in order_states.allowed(order.state):
        return await orders.move(order, "refund", actor, now, note)
    await order_states.record(order, order.state, actor, now, note)
    return await orders.view(order)


async def _row(payment: Payment) -> PaymentRow:
    asked = await Refund.filter(payment_id=payment.id).order_by("id")
    currency = payment.captured_currency
    return PaymentRow(
        id=payment.id,
        provider=payment.provider,
        reference=payment.reference,
        amount=Money(payment.amount, payment.currency),
        state=payment.state,
        captured=payment.captured,
        refunded=payment.refunded,
        taken=Money(payment.captured, currency) if payment.captured else None,
        left=await refunds.left_of(payment) if payment.captured else None,
        created_at=payment.created_at,
        refunds=tuple(
            RefundRow(
                row.id, Money(row.amount, currency), row.state, row.reason, row.error, row.staff_id, row.created_at
            )
            for row in asked
        ),
    )
