"""Payments: begun, opened at a provider, and settled once, under lock, by what the provider itself says."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.ports import Checkout, PaymentRequest, PaymentTruth
from bot.core.registry import reads
from bot.services import order_states, stock
from bot.services.scope import Scope, language
from models import Contact, Effect, Identity, Order, OrderLine, Payment, PaymentEvent, locks

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
    mismatch  another amount or currency was paid: staff must look
    late      paid in full, but the order has ended and its stock is gone, or it was paid before: staff must give
              the money back

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
    known = await Order.filter(contact_id=scope.contact_id, number=number).first()
    order = await locks.order(known.id) if known else None
    if order is None:
        raise Refused("no_order", number=number)
    if order.state != order_states.PLACED:
        raise Refused("expired" if order.state == "expired" else "wrong_state", number=number, state=order.state)
    if order.hold_until is None or order.hold_until <= scope.now:
        raise Refused("expired", number=number, state=order.state)
    return _view(await _open_payment(order, provider) or await _create(scope, order, provider), order)


async def _open_payment(order: Order, provider: str) -> Payment | None:
    same = Payment.filter(order_id=order.id, provider=provider, amount=order.total, currency=order.currency)
    return await same.filter(state__in=["created", "open"]).order_by("-id").first()


async def _create(scope: Scope, order: Order, provider: str) -> Payment:
    payment = await Payment.create(
        order_id=order.id,
        conversation_id=scope.conversation_id,
        provider=provider,
        key=secrets.token_hex(16),
        amount=order.total,
        currency=order.currency,
        state="created",
        created_at=scope.now,
        updated_at=scope.now,
    )
    await _note(payment, "created", scope.now)
    return payment


@reads
async def request(key: str, return_url: str) -> PaymentRequest:
    """What to ask the provider for, in the customer's language. Raises `Refused("no_payment")`."""
    payment = await Payment.filter(key=key).select_related("order").first()
    if payment is None:
        raise Refused("no_payment")
    lines = await OrderLine.filter(order_id=payment.order_id).order_by("id")
    return PaymentRequest(
        key=payment.key,
        order_number=payment.order.number,
        amount=Money(payment.amount, payment.currency),
        description=", ".join(f"{line.quantity} × {line.name}" for line in lines),
        return_url=return_url,
        locale=await _locale(payment),
    )


async def _locale(payment: Payment) -> str:
    """What the customer chose, else what their channel says."""
    contact = await Contact.filter(id=payment.order.contact_id).first()
    if contact and contact.locale:
        return language(contact.locale)
    identity = await Identity.filter(conversation__id=payment.conversation_id).first()
    return language(identity.locale if identity else "")


async def opened(key: str, checkout: Checkout, now: datetime) -> PaymentView:
    """The provider opened it; said again, nothing changes. Raises `Refused("no_payment")`."""
    payment, order = await _locked(key)
    if payment.state in ("created", "unknown"):
        payment.state = "open"
        await _note(payment, "opened", now)
    payment.reference = payment.reference or checkout.reference
    payment.url, payment.updated_at = checkout.url, now
    await payment.save()
    return _view(payment, order)


async def unknown(key: str, reason: str, now: datetime) -> PaymentView:
    """Nobody can say what became of the money: staff must look. Raises `Refused("no_payment")`."""
    payment, order = await _locked(key)
    if payment.state in ("created", "open"):
        await _change(payment, "unknown", "unknown", now, reason)
    return _view(payment, order)


@reads
async def by_key(key: str) -> PaymentView | None:
    """The payment with our key."""
    payment = await Payment.filter(key=key).select_related("order").first()
    return _view(payment, payment.order) if payment else None


@reads
async def by_reference(provider: str, reference: str) -> PaymentView | None:
    """The payment that the provider knows as `reference`."""
    payment = await Payment.filter(provider=provider, reference=reference).select_related("order").first()
    return _view(payment, payment.order) if payment else None


async def settle(key: str, truth: PaymentTruth, now: datetime) -> Settlement:
    """Make the rows agree with what the provider says, under lock; see `Settlement` for what may come of it.

    Raises `Refused("no_payment")`; `BadInput` when the truth is about another payment or says "paid" without a sum.
    """
    payment, order = await _locked(key)
    if payment.reference and truth.reference != payment.reference:
        raise BadInput(f"asked for payment {payment.reference}, the provider answered for {truth.reference}")
    payment.reference = truth.reference
    match truth.state:
        case "paid":
            outcome, fresh = await _settle_paid(payment, order, truth, now)
        case "failed":
            outcome, fresh = await _settle_failed(payment, now)
        case "refunded":
            outcome, fresh = await _settle_refunded(payment, truth, now)
        case _:
            outcome, fresh = await _settle_open(payment)
    return Settlement(outcome, fresh, _view(payment, order))


async def _settle_paid(payment: Payment, order: Order, truth: PaymentTruth, now: datetime) -> tuple[Outcome, bool]:
    if truth.paid is None:
        raise BadInput(f"the provider says that payment {truth.reference} is paid, but not how much")
    if payment.state in ("paid", "refunded"):
        await _book_refund(payment, truth, now)
        return "already", False
    if payment.state == "mismatch" and _captured(payment) == truth.paid:
        return ("late" if truth.paid == _asked(payment) else "mismatch"), False
    payment.captured, payment.captured_currency = truth.paid.amount, truth.paid.currency
    sums = f"asked {payment.amount} {payment.currency}, paid {truth.paid.amount} {truth.paid.currency}"
    if truth.paid != _asked(payment):
        await _change(payment, "mismatch", "mismatch", now, sums)
        return "mismatch", True
    if order.state not in order_states.STEPS["pay"].allowed or not await stock.sell(order.id, now):
        await _change(payment, "mismatch", "late", now, f"order is {order.state}; {sums}")
        return "late", True
    await order_states.take(order, "pay", f"provider:{payment.provider}", now)
    await _change(payment, "paid", "settled", now, sums)
    return "paid", True


async def _settle_failed(payment: Payment, now: datetime) -> tuple[Outcome, bool]:
    if payment.state in ("paid", "refunded", "mismatch"):
        return "already", False
    if payment.state == "failed":
        return "failed", False
    await _change(payment, "failed", "failed", now)
    return "failed", True


async def _settle_refunded(payment: Payment, truth: PaymentTruth, now: datetime) -> tuple[Outcome, bool]:
    """Given back at the provider's own desk: book it. One that we never saw paid is as good as failed."""
    unseen = payment.state in ("created", "open", "unknown", "failed")
    if unseen and truth.paid is not None:
        payment.captured, payment.captured_currency = truth.paid.amount, truth.paid.currency
    await _book_refund(payment, truth, now)
    return ("failed", True) if unseen else ("already", False)


async def _settle_open(payment: Payment) -> tuple[Outcome, bool]:
    await payment.save(update_fields=["reference"])
    settled = payment.state in ("paid", "refunded", "mismatch")
    return ("already" if settled else "open"), False


async def refund_order(order: Order, now: datetime) -> tuple[RefundRequest, ...]:
    """Ask for everything back that the locked order's payments captured. Raises `Refused("nothing_paid")`."""
    owed = [payment for payment in await locks.payments_of(order.id) if payment.captured > payment.refunded]
    if not owed:
        raise Refused("nothing_paid", number=order.number)
    return tuple([await _ask_back(payment, now) for payment in owed])


async def begin_refund(key: str, now: datetime) -> RefundRequest:
    """Ask for everything back that this payment captured; the order keeps its state.

    Raises `Refused`: "no_payment", "nothing_paid"(number).
    """
    payment, order = await _locked(key)
    if payment.captured <= payment.refunded:
        raise Refused("nothing_paid", number=order.number)
    return await _ask_back(payment, now)


@reads
async def refund_request(key: str) -> RefundRequest | None:
    """What the effect of kind "refund" still has to give back for the payment; None when nothing is left."""
    payment = await Payment.filter(key=key).first()
    return _refund(payment) if payment and payment.captured > payment.refunded else None


async def refunded(key: str, truth: PaymentTruth, now: datetime) -> PaymentView:
    """The provider gave money back: book it, once. Raises `Refused("no_payment")`."""
    payment, order = await _locked(key)
    await _book_refund(payment, truth, now)
    return _view(payment, order)


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
        await _note(payment, "refund", now, f"{refund.amount.amount} {refund.amount.currency} asked back")
    return refund


def _refund(payment: Payment) -> RefundRequest:
    amount = Money(payment.captured - payment.refunded, payment.captured_currency)
    return RefundRequest(f"refund:{payment.key}", payment.key, payment.provider, payment.reference, amount)


async def _book_refund(payment: Payment, truth: PaymentTruth, now: datetime) -> None:
    if truth.refunded <= payment.refunded:
        return
    payment.refunded = truth.refunded
    state = "refunded" if payment.refunded >= payment.captured else payment.state
    await _change(payment, state, "refunded", now, f"{truth.refunded} {payment.captured_currency} in all")


async def _locked(key: str) -> tuple[Payment, Order]:
    """The payment and its order, locked in the house order."""
    known = await Payment.filter(key=key).first()
    order = await locks.order(known.order_id) if known else None
    payment = await locks.payment(key) if order else None
    if payment is None or order is None:
        raise Refused("no_payment")
    return payment, order


async def _change(payment: Payment, state: str, action: str, now: datetime, note: str = "") -> None:
    payment.state, payment.updated_at = state, now
    await payment.save()
    await _note(payment, action, now, note)


async def _note(payment: Payment, action: str, now: datetime, note: str = "") -> None:
    await PaymentEvent.create(payment_id=payment.id, action=action, note=note[:300], at=now)


def _asked(payment: Payment) -> Money:
    return Money(payment.amount, payment.currency)


def _captured(payment: Payment) -> Money:
    return Money(payment.captured, payment.captured_currency)


def _view(payment: Payment, order: Order) -> PaymentView:
    return PaymentView(
        key=payment.key,
        order_number=order.number,
        provider=payment.provider,
        reference=payment.reference,
        url=payment.url,
        amount=_asked(payment),
        state=payment.state,
        conversation_id=payment.conversation_id,
        order_id=payment.order_id,
    )


async def settle_noticed(scope: Scope, key: str, truth: PaymentTruth) -> Settlement:
    """`settle`, as a dialog does it when a provider's notice came."""
    return await settle(key, truth, scope.now)
