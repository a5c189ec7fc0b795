"""A hint that something happened to a payment, the provider's or our own: kept in the payer's own lane."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from bot.core.message import Inbound, InboundKind
from bot.services import conversations, settlement
from bot.services.payments import PaymentView
from models.database import transaction

Accept = Callable[[Sequence[Inbound]], Awaitable[object]]


async def keep(accept: Accept, payment: PaymentView, id_: str, now: datetime) -> None:
    """As an event of the conversation in which the order was placed, so that order is kept there; once for each `id_`.

    Where the person was forgotten meanwhile, the payment is settled by itself: they must not come back by a notice.
    """
    cause = f"pay:{payment.provider}:{id_}"
    told = await inbound(payment, "payment", cause, payment.key)
    if told is None:
        async with transaction():
            await settlement.ask_later(payment.key, cause, now)
        return
    await accept([told])


async def inbound(
    payment: PaymentView, kind: InboundKind, cause: str, data: str, client_id: str = ""
) -> Inbound | None:
    """Something that happened to a payment, for the conversation of its order; None where that is gone."""
    address = await conversations.address(payment.conversation_id) if payment.conversation_id else None
    if address is None:
        return None
    return Inbound(address.account, cause[:191], address.external_id, kind, data=data, client_id=client_id)
