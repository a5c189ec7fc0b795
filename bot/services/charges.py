"""Charges that a platform tells of by its channel: kept once each, and read by the provider whose proof they are.

Also the last look at an order before the platform may charge for it: it reads and locks nothing, so that it is
answered in time whatever else goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from bot.core.charges import Charge, Invoice
from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import order_states, payments, stock
from bot.services.payments import PaymentView
from models import Charge as Row
from models import Order, OrderLine, Payment

#: Orders whose money is with us already, or was.
_DONE = order_states.EARNED | {"returned", "refunded"}


@dataclass(frozen=True, slots=True)
class Look:
    """What stands in the way of a payment, None for nothing; `locale` is of whoever placed the order."""

    payment: PaymentView
    locale: str
    refusal: Refused | None


async def keep(account: str, key: str, told: Charge, now: datetime) -> PaymentView | None:
    """Keep what the platform told, once for each charge; the payment it is of, None when we have none with this key.

    An invoice that is charged a second time becomes a second payment of its order, which settles as one too many.
    """
    if not await Payment.filter(key=key).exists():
        return None
    payment, order = await payments.locked(key)
    known = await Row.filter(account=account, charge=told.id).first()
    if known is None and await Row.filter(payment_id=payment.id).exists():
        payment = await _beside(payment, now)
    if known is None:
        await Row.create(
            payment_id=payment.id,
            account=account,
            charge=told.id,
            other=told.other_id,
            amount=told.paid.amount,
            currency=told.paid.currency,
            at=told.at,
        )
    elif known.payment_id != payment.id:
        payment = await Payment.get(id=known.payment_id)
    return payments.view(payment, order)


async def _beside(payment: Payment, now: datetime) -> Payment:
    """A second payment of the locked order by the same invoice: it was charged twice, and each is money of its own."""
    key = secrets.token_hex(16)
    second = await Payment.create(
        order_id=payment.order_id,
        conversation_id=payment.conversation_id,
        provider=payment.provider,
        key=key,
        reference=f"{payment.reference}#{key[:8]}",
        amount=payment.amount,
        currency=payment.currency,
        state="open",
        created_at=now,
        updated_at=now,
    )
    await payments.note(second, "created", now, f"a second charge of the invoice {payment.key}")
    return second


async def given_back(account: str, key: str, told: Charge, now: datetime) -> PaymentView | None:
    """The platform gave a charge back, as much as it says; one that we never heard of is kept, too."""
    payment = await keep(account, key, told, now)
    if payment is not None:
        await Row.filter(account=account, charge=told.id).update(refunded=told.paid.amount)
    return payment


@reads
async def look(key: str, now: datetime) -> Look | None:
    """Whether the payment may be made now; None when we have none with this key."""
    payment = await Payment.filter(key=key).select_related("order").first()
    if payment is None:
        return None
    order: Order = payment.order
    return Look(payments.view(payment, order), await payments.locale_of(payment), await _refusal(payment, order, now))


async def _refusal(payment: Payment, order: Order, now: datetime) -> Refused | None:
    if payment.state in ("paid", "refunded", "mismatch") or order.state in _DONE:
        return Refused("paid_already", number=order.number)
    if order.state == "cancelled":
        return Refused("cancelled", number=order.number)
    if order.state != order_states.PLACED or order.hold_until is None or order.hold_until <= now:
        return Refused("expired", number=order.number)
    if payment.state not in ("created", "open"):
        return Refused("over", number=order.number)
    if (payment.amount, payment.currency) != (order.total, order.currency):
        return Refused("price_changed", number=order.number)
    if await Row.filter(payment_id=payment.id).exists():
        return Refused("paid_already", number=order.number)  # told of, and not settled yet
    return await _sold_out(order, now)


async def _sold_out(order: Order, now: datetime) -> Refused | None:
    wanted = {line.variant_id: line for line in await OrderLine.filter(order_id=order.id) if line.variant_id}
    free = await stock.available(wanted, now, besides=order.id)
    short = (line for variant, line in wanted.items() if free[variant] < line.quantity)
    return next((Refused("sold_out", name=line.name) for line in short), None)


@dataclass(frozen=True, slots=True)
class KeptInvoices:
    """`bot.core.charges.Invoices` of one provider, from our own tables."""

    provider: str

    async def of(self, reference: str) -> Invoice | None:
        """The invoice with this reference of the provider's."""
        payment = await Payment.filter(provider=self.provider, reference=reference).first()
        return _made(payment, await Row.filter(payment_id=payment.id).first()) if payment else None

    async def with_charge(self, id: str) -> Invoice | None:  # noqa: A002
        """The one that we were told of with this charge."""
        row = await Row.filter(payment__provider=self.provider, charge=id).select_related("payment").first()
        return _made(row.payment, row) if row else None

    async def charged(self, begin: datetime, end: datetime) -> AsyncIterator[Invoice]:
        """Those that were charged in this time, `end` not included, the oldest first."""
        rows = Row.filter(payment__provider=self.provider, at__gte=begin, at__lt=end).order_by("at", "id")
        for row in await rows.select_related("payment"):
            yield _made(row.payment, row)


def _made(payment: Payment, row: Row | None) -> Invoice:
    charge = Charge(row.charge, Money(row.amount, row.currency), row.at, row.other, row.refunded) if row else None
    is_open = payment.state in ("created", "open")
    return Invoice(payment.reference, payment.key, payments.asked(payment), payment.created_at, is_open, charge)
