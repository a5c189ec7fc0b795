"""Settling a payment: once, under lock, by what the provider itself says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.errors import BadInput
from bot.core.money import Money
from bot.core.payment import PaymentTruth
from bot.core.registry import reads
from bot.services import order_states, refunds, stock, store_orders, voids
from bot.services.payments import PaymentView, change, due, locked, note, view
from bot.services.scope import Scope
from models import Effect, Order, Payment, PaymentEvent

Outcome = Literal["paid", "already", "open", "failed", "mismatch", "late"]
#: What staff must hear of, whatever else came of it; each is said once.
Alarm = Literal["disputed", "refund_failed"]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settling came to.

    paid      the order is paid now; said exactly once for a payment
    already   it was settled before
    open      the provider still waits for the customer
    failed    the provider says that it will not be paid
    mismatch  another amount or currency was paid: staff must look
    late      paid in full, but the order has ended and its stock is gone, or it was paid before: staff must give
              the money back

    `fresh` is true when this call changed something: only then is there news to tell. `alarms` stand beside that:

    disputed       who paid wants the money back by way of their bank: staff must answer at the provider
    refund_failed  money that was given back came back: staff must give it back in another way
    """

    outcome: Outcome
    fresh: bool
    payment: PaymentView
    alarms: tuple[Alarm, ...] = ()


async def settle_noticed(scope: Scope, key: str, truth: PaymentTruth) -> Settlement:
    """`settle`, as a dialog does it when a provider's notice came."""
    return await settle(key, truth, scope.now)


async def settle(key: str, truth: PaymentTruth, now: datetime) -> Settlement:
    """Make the rows agree with what the provider says, under lock; see `Settlement` for what may come of it.

    Raises `Refused("no_payment")`; `BadInput` when the truth is about another payment or says "paid" without a sum.
    """
    payment, order = await locked(key)
    if payment.reference and truth.reference != payment.reference:
        raise BadInput(f"asked for payment {payment.reference}, the provider answered for {truth.reference}")
    payment.reference = truth.reference
    match truth.state:
        case "paid":
            outcome, fresh = await _settle_paid(payment, order, truth, now)
        case "failed":
            outcome, fresh = await _settle_failed(payment, now)
        case "refunded":
            outcome, fresh = _settle_refunded(payment, truth)
        case _:
            outcome, fresh = await _settle_open(payment)
    alarms = await _alarms(payment, truth, now)
    return Settlement(outcome, fresh, view(payment, order), alarms)


async def _alarms(payment: Payment, truth: PaymentTruth, now: datetime) -> tuple[Alarm, ...]:
    """Book what was given back, and what came back."""
    alarms: list[Alarm] = []
    if truth.disputed and await _is_news(payment, "disputed", now):
        alarms.append("disputed")
    if payment.captured and await refunds.book(payment, truth, now):
        alarms.append("refund_failed")
    return tuple(alarms)


async def _settle_paid(payment: Payment, order: Order, truth: PaymentTruth, now: datetime) -> tuple[Outcome, bool]:
    if truth.paid is None:
        raise BadInput(f"the provider says that payment {truth.reference} is paid, but not how much")
    step, is_same = order_states.paying(order), _captured(payment) == truth.paid
    if payment.state == "paid" or (payment.state == "refunded" and (is_same or not step)):
        return "already", False
    fits = due(order) in (truth.paid, _kept(truth, truth.paid))  # as it is now: staff may have changed it since
    if payment.state == "mismatch" and is_same and not (fits and await _may_fit_now(payment)):
        return ("late" if fits else "mismatch"), False
    payment.captured, payment.captured_currency = truth.paid.amount, truth.paid.currency
    sums = f"asked {order.total} {order.currency}, paid {truth.paid.amount} {truth.paid.currency}"
    if not fits:
        await change(payment, "mismatch", "mismatch", now, sums)
        return "mismatch", True
    if not step or (order.state in order_states.STEPS[step].sells and not await stock.sell(order.id, now)):
        await change(payment, "mismatch", "late", now, f"order is {order.state}; {sums}")
        await store_orders.unbilled(order.id)
        return "late", True
    await order_states.take(order, step, f"provider:{payment.provider}", now)
    await change(payment, "paid", "settled", now, sums)
    await voids.ask_all(order, now)
    return "paid", True


def _kept(truth: PaymentTruth, paid: Money) -> Money:
    """What is left of it for us: who paid too much, or was written down with too much, has the rest back."""
    each = sum(one.amount.amount for one in truth.refunds if one.state == "given")
    return Money(paid.amount - max(truth.refunded, each), paid.currency)


async def _may_fit_now(payment: Payment) -> bool:
    """Whether its sum was wrong, and not its order: that one stays late whatever is given back."""
    return not await PaymentEvent.filter(payment_id=payment.id, action="late").exists()


async def _is_news(payment: Payment, action: str, now: datetime) -> bool:
    """Note a step of the payment; False where it is noted already."""
    if await PaymentEvent.filter(payment_id=payment.id, action=action).exists():
        return False
    await note(payment, action, now)
    return True


async def _settle_failed(payment: Payment, now: datetime) -> tuple[Outcome, bool]:
    if payment.state in ("paid", "refunded", "mismatch"):
        return "already", False
    if payment.state == "failed":
        return "failed", False
    await change(payment, "failed", "failed", now)
    return "failed", True


def _settle_refunded(payment: Payment, truth: PaymentTruth) -> tuple[Outcome, bool]:
    """Given back at the provider's own desk. One that we never saw paid is as good as failed."""
    unseen = payment.state in ("created", "open", "failed")
    if unseen and truth.paid is not None:
        payment.captured, payment.captured_currency = truth.paid.amount, truth.paid.currency
    return ("failed", True) if unseen else ("already", False)


async def _settle_open(payment: Payment) -> tuple[Outcome, bool]:
    await payment.save(update_fields=["reference"])
    settled = payment.state in ("paid", "refunded", "mismatch")
    return ("already" if settled else "open"), False


async def ask_later(key: str, cause: str, now: datetime) -> None:
    """Have the provider asked with no conversation behind: the customer was forgotten. Once for each `cause`.

    An effect of kind "settle", in the caller's transaction; its lane is the payment's own, and nothing in it is about
    the person. Raises `Refused("no_payment")`.
    """
    payment, _ = await locked(key)
    effect = f"settle:{cause}"[:191]
    if await Effect.filter(key=effect).exists():  # the payment's lock makes look-then-write safe
        return
    await Effect.create(
        key=effect,
        kind="settle",
        lane=f"payment:{payment.key}",
        payload=json.dumps({"payment": payment.key}),
        due_at=now,
        created_at=now,
    )


@reads
async def stranded(key: str) -> bool:
    """Whether the payment's money is ours for goods that cannot be sent: not on their way yet, or not sold."""
    payment = await Payment.filter(key=key).select_related("order").first()
    if payment is None or payment.captured <= payment.refunded:
        return False
    return payment.state == "mismatch" or payment.order.state in order_states.AT_HOME


async def misfits(order_id: int) -> list[tuple[PaymentView, Money]]:
    """Payments that are not the order's sum, and what of each is still here: one may fit once the order is another."""
    rows = Payment.filter(order_id=order_id, state="mismatch").select_related("order").order_by("id")
    each = [(view(row, row.order), await refunds.left_of(row)) for row in await rows]
    return [(payment, left) for payment, left in each if left.amount > 0]


def _captured(payment: Payment) -> Money:
    return Money(payment.captured, payment.captured_currency)
