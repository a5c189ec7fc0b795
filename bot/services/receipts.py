"""What staff confirm of money that no provider tells of: written down once, and settled as what a provider says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import Booking
from bot.core.payment import Receipt as Line
from bot.services import order_states
from bot.services.payments import PaymentView, locked, note, view
from models import Payment, Receipt
from models.database import transaction


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Money that a member of staff has: `seen` is what was confirmed before, as they saw it, in minor units.

    `key` is what the desk calls it: said twice, it is one.
    """

    amount: Money
    seen: int
    key: str
    staff_id: int
    note: str = ""


async def receive(payment_id: int, money: Confirmed, now: datetime) -> PaymentView | None:
    """Write it down; None where this was written down before, by the same key.

    Raises `Refused`: "no_payment", "wrong_amount", "seen_otherwise"(confirmed) where somebody else was faster,
    "no_money_due" where the payment is settled.
    """
    known = await Payment.filter(id=payment_id).first()
    if known is None:
        raise Refused("no_payment")
    payment, order = await locked(known.key)
    if await Receipt.filter(payment_id=payment.id, key=money.key).exists():
        return None
    if money.amount.amount <= 0 or money.amount.currency != payment.currency:
        raise Refused("wrong_amount")
    before = sum([row.amount for row in await Receipt.filter(payment_id=payment.id, amount__gt=0)])
    if before != money.seen:
        raise Refused("seen_otherwise", confirmed=before)
    if payment.state == "paid" or (payment.state == "refunded" and not order_states.paying(order)):
        raise Refused("no_money_due")
    if not payment.reference:  # whoever began it died before it was opened
        payment.reference = payment.key
        await payment.save(update_fields=["reference"])
    await Receipt.create(
        payment_id=payment.id,
        key=money.key,
        amount=money.amount.amount,
        currency=money.amount.currency,
        note=money.note[:300],
        staff_id=money.staff_id,
        at=now,
    )
    await note(payment, "received", now, f"{money.amount.amount} {money.amount.currency} by staff {money.staff_id}")
    return view(payment, order)


class Books:
    """`bot.core.payment.Receipts`, from the rows."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    async def of(self, payment: str) -> Sequence[Line]:
        """All of a payment, the oldest first."""
        rows = await Receipt.filter(payment__key=payment).order_by("id")
        return [Line(row.key, Money(row.amount, row.currency), row.at) for row in rows]

    async def given_back(self, payment: str, refund: str, amount: Money) -> None:
        """Write down that the refund with this key was given back, once."""
        async with transaction():
            row, _ = await locked(payment)
            if not await Receipt.filter(payment_id=row.id, key=refund).exists():
                await Receipt.create(
                    payment_id=row.id, key=refund, amount=-amount.amount, currency=amount.currency, at=self._clock()
                )

    async def booked(self, provider: str, day: date) -> Sequence[Booking]:
        """What was written down for a provider on that day, UTC."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = Receipt.filter(payment__provider=provider, at__gte=begin, at__lt=begin + timedelta(days=1))
        return [
            Booking(row.key, Money(row.amount, row.currency), row.at, row.payment.key)
            for row in await found.select_related("payment").order_by("id")
        ]
