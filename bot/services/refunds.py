"""Refunds: each a row with a key of its own, asked for with an effect, and booked when the provider says so.

An effect of kind "give_back" has the refund's key as its own. One of kind "refund" is of a release that knew one refund
for each payment; it gives back what is left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import PaymentTruth, RefundTruth
from bot.core.registry import reads
from bot.services import store_orders
from bot.services.payments import change, locked, note
from bot.services.scope import Scope
from models import Effect, Order, Payment, PaymentEvent, Refund, locks
from models.rows import every

ASKED, GIVEN, FAILED, UNKNOWN = "asked", "given", "failed", "unknown"
#: The provider was asked, or will be, and has not said what became of it.
OPEN = (ASKED, UNKNOWN)
#: With its payment's key behind it, what the one refund of a payment was called by a release that knew but one.
_EARLIER = "refund:"


@dataclass(frozen=True, slots=True)
class RefundView:
    """What is to be given back, or was. `state`: asked | given | failed | unknown."""

    key: str
    payment_key: str
    provider: str
    reference: str
    amount: Money
    state: str
    order_number: str


@dataclass(frozen=True, slots=True)
class Wish:
    """Who of the staff wants money given back, and why; `asked_as` is what the desk calls it: said twice, it is one."""

    staff_id: int | None = None
    reason: str = ""
    asked_as: str = ""

    @staticmethod
    def by(actor: str, reason: str) -> Wish:
        """Of whoever takes a step of an order: "staff:<id>"."""
        kind, _, id_ = actor.partition(":")
        return Wish(int(id_) if kind == "staff" and id_.isdigit() else None, reason)


async def given_back(order_ids: Iterable[int]) -> dict[int, Money]:
    """How much money went back, by order; orders of which none did are left out."""
    found: dict[int, Money] = {}
    for row in await Payment.filter(order_id__in=list(order_ids), refunded__gt=0).order_by("id"):
        money, before = Money(row.refunded, row.captured_currency), found.get(row.order_id)
        # Money of another currency was never for the order.
        found[row.order_id] = before + money if before and before.currency == money.currency else before or money
    return found


@reads
async def find(_: Scope, key: str) -> RefundView | None:
    """`by_key`, as a dialog asks."""
    return await by_key(key)


@reads
async def by_key(key: str) -> RefundView | None:
    """The refund with this key."""
    row = await Refund.filter(key=key).select_related("payment__order").first()
    return _view(row, row.payment) if row else None


@reads
async def keys_of(payment: str) -> tuple[str, ...]:
    """The keys of what is given back, or may be, of the payment with this key.

    Where more is booked than the rows come to, a node of an earlier release may have given it back: its key is there.
    """
    rows = await Refund.filter(payment__key=payment).order_by("id")
    keys = [row.key for row in rows if row.state != FAILED]
    known = await Payment.filter(key=payment).first()
    if known is not None and known.refunded > _given(rows) and _EARLIER + payment not in {row.key for row in rows}:
        keys.append(_EARLIER + payment)
    return tuple(keys)


async def left_of(payment: Payment) -> Money:
    """What may still be given back of a payment: captured, and neither given back nor asked for."""
    promised = sum([row.amount for row in await Refund.filter(payment_id=payment.id, state__in=OPEN)])
    return Money(payment.captured - payment.refunded - promised, payment.captured_currency)


async def of_order(order: Order, wish: Wish, now: datetime) -> None:
    """Ask for everything back that the locked order's payments captured. Raises `Refused("nothing_paid")`."""
    paid = [payment for payment in await locks.payments_of(order.id) if payment.captured]
    if not paid:
        raise Refused("nothing_paid", number=order.number)
    for payment in paid:
        left = await left_of(payment)
        if left.amount > 0:
            await ask(payment, left, wish, now)


async def of_part(order: Order, amount: Money, wish: Wish, now: datetime) -> None:
    """Ask for so much back of what the locked order's payments captured.

    Raises `Refused`: "nothing_paid", "too_much"(left).
    """
    left = [(payment, await left_of(payment)) for payment in await locks.payments_of(order.id) if payment.captured]
    left = [(payment, money) for payment, money in left if money.currency == amount.currency and money.amount > 0]
    if not left:
        raise Refused("nothing_paid", number=order.number)
    if sum(money.amount for _, money in left) < amount.amount:
        raise Refused("too_much", left=sum([money for _, money in left[1:]], left[0][1]))
    owed = amount.amount
    for payment, money in left:
        if part := min(owed, money.amount):
            await ask(payment, Money(part, amount.currency), wish, now)
            owed -= part


async def said(payment: Payment, wish: Wish) -> Refund | None:
    """The refund that this wish became, where it was said before."""
    return await Refund.filter(payment_id=payment.id, asked_as=wish.asked_as).first() if wish.asked_as else None


async def ask(payment: Payment, amount: Money, wish: Wish, now: datetime) -> Refund:
    """Have so much of the locked payment given back: a row, and the effect that does it, which outlives the person.

    Raises `Refused`: "nothing_paid", "too_much"(left).
    """
    left = await left_of(payment)
    if left.amount <= 0:
        raise Refused("nothing_paid", number="")
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise Refused("too_much", left=left)
    key = f"refund:{payment.key}:{await Refund.filter(payment_id=payment.id).count() + 1}"
    row = await _row(payment, key, amount, wish, now)
    payload = json.dumps({"payment": payment.key})
    await Effect.create(
        key=key, kind="give_back", lane=f"payment:{payment.key}", payload=payload, due_at=now, created_at=now
    )
    await note(payment, "refund", now, f"{amount.amount} {amount.currency} asked back")
    return row


async def adopt(key: str, payment: str, now: datetime) -> None:
    """Make the row of a refund that an earlier release asked for: all that is left. Raises `Refused("no_payment")`."""
    row, _ = await locked(payment)
    left = await left_of(row)
    if left.amount > 0 and not await Refund.filter(key=key).exists():
        await _row(row, key, left, Wish(), now)


async def confirm(key: str, truth: PaymentTruth, now: datetime) -> None:
    """The provider says what was given back of the payment with this key: book it, once. Raises `Refused`."""
    payment, _ = await locked(key)
    await book(payment, truth, now)


async def failed(key: str, reason: str, now: datetime) -> None:
    """The provider refuses this refund: nothing has moved."""
    await _close(key, FAILED, reason, now)


async def unknown(key: str, reason: str, now: datetime) -> None:
    """Nobody can say what became of this refund: staff must look, and may ask again."""
    await _close(key, UNKNOWN, reason, now)


async def book(payment: Payment, truth: PaymentTruth, now: datetime) -> bool:
    """Make the locked payment and its refunds agree with what the provider says; said again, nothing changes.

    True where a refund came back that had been given: staff must hear of it.
    """
    rows = {row.key: row for row in await every(Refund, "WHERE payment_id = ? ORDER BY id", (payment.id,))}
    for told in truth.refunds:
        if told.key == _EARLIER + payment.key and told.key not in rows:
            rows[told.key] = await _row(payment, told.key, told.amount, Wish(), now, GIVEN)
    came_back = [await _agree(payment, rows[told.key], told, now) for told in truth.refunds if told.key in rows]
    ours = _given(rows.values())
    # What was asked for before the last change knows nothing of it.
    is_stale = truth.asked_at is not None and truth.asked_at < payment.updated_at
    refunded = max(ours, truth.refunded, payment.refunded - sum(came_back) if is_stale else 0)
    if refunded != payment.refunded:
        payment.refunded = refunded
        state = await _state(payment)
        await change(payment, state, "refunded", now, f"{refunded} {payment.captured_currency} in all")
        if state == "refunded":
            await store_orders.unbilled(payment.order_id)
    return any(came_back)


async def _agree(payment: Payment, row: Refund, told: RefundTruth, now: datetime) -> int:
    """How much of it had been given and came back, in minor units."""
    if row.state == told.state:
        return 0
    came_back = row.amount if row.state == GIVEN else 0
    row.state, row.amount, row.error, row.updated_at = told.state, told.amount.amount, told.reason[:300], now
    await row.save()
    if told.state == FAILED:
        await note(payment, "refund_failed", now, f"{row.amount} {payment.captured_currency}: {told.reason}")
    return came_back


async def _state(payment: Payment) -> str:
    """What the payment is by the money that is left of it."""
    if payment.captured and payment.refunded >= payment.captured:
        return "refunded"
    if payment.state != "refunded":
        return payment.state
    steps = PaymentEvent.filter(payment_id=payment.id, action__in=["mismatch", "late", "settled"])
    last = await steps.order_by("-id").first()
    return "paid" if last is None or last.action == "settled" else "mismatch"


def _given(rows: Iterable[Refund]) -> int:
    return sum(row.amount for row in rows if row.state == GIVEN)


async def _row(payment: Payment, key: str, amount: Money, wish: Wish, now: datetime, state: str = ASKED) -> Refund:
    return await Refund.create(
        payment_id=payment.id,
        key=key,
        asked_as=wish.asked_as or key,
        amount=amount.amount,
        state=state,
        reason=wish.reason[:300],
        staff_id=wish.staff_id,
        created_at=now,
        updated_at=now,
    )


async def _close(key: str, state: str, reason: str, now: datetime) -> None:
    row = await Refund.filter(key=key).select_related("payment").first()
    if row is None:
        return
    payment, _ = await locked(row.payment.key)
    changed = await Refund.filter(key=key, state__in=OPEN).update(state=state, error=reason[:300], updated_at=now)
    if changed:
        await note(payment, f"refund_{state}", now, reason)


def _view(row: Refund, payment: Payment) -> RefundView:
    return RefundView(
        key=row.key,
        payment_key=payment.key,
        provider=payment.provider,
        reference=payment.reference,
        amount=Money(row.amount, payment.captured_currency),
        state=row.state,
        order_number=payment.order.number,
    )
