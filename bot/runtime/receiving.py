"""Money that staff confirmed: kept with the news of it for the payer's lane, where it is settled as any other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.core.errors import Refused
from bot.core.events import OrderChanged
from bot.core.payment import PaymentProvider
from bot.runtime import noticed
from bot.runtime.inbox import Inbox
from bot.runtime.order_steps import Stepped
from bot.services import audit, receipts, settlement
from bot.services.receipts import Confirmed
from models import Payment
from models.database import transaction


async def take(
    inbox: Inbox, providers: Mapping[str, PaymentProvider], payment_id: int, money: Confirmed, now: datetime
) -> Stepped:
    """Write it down once, and have the payment settled. Raises as `receipts.receive`, and `Refused("not_by_hand")`."""
    row = await Payment.filter(id=payment_id).first()
    provider = providers.get(row.provider) if row else None
    if row is not None and (provider is None or not provider.terms.by_hand):
        raise Refused("not_by_hand")
    async with transaction() as connection:
        payment = await receipts.receive(payment_id, money, now)
        if payment is None:
            return Stepped([], [])
        await audit.record(money.staff_id, "payment.receive", f"payment:{payment_id}", now)
        cause = f"pay:{payment.provider}:{payment.key}:{money.key}"
        told = await noticed.inbound(payment, "payment", cause, payment.key)
        if told is None:
            await settlement.ask_later(payment.key, cause, now)
        waiting = await inbox.keep_within(connection, [told] if told else [])
    return Stepped(waiting, [OrderChanged(payment.order_id)])
