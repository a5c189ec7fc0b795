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
    told = await _hint(payment, id_)
    if told is None:
        async with transaction():
            await settlement.ask_later(payment.key, _cause(payment, id_), now)
        return
    await accept([told])


async def within(payment: PaymentView, id_: str, now: datetime) -> list[Inbound]:
    """`keep` in the caller's transaction, which keeps what this gives: none where the person was forgotten."""
    told = await _hint(payment, id_)
    if told is None:
        await settlement.ask_later(payment.key, _cause(payment, id_), now)
    return [told] if told else []


async def _hint(payment: PaymentView, id_: str) -> Inbound | None:
    return await inbound(payment, "payment", _cause(payment, id_), payment.key)


def _cause(payment: PaymentView, id_: str) -> str:
    return f"pay:{payment.provider}:{id_}"


async def inbound(
    payment: PaymentView, kind: InboundKind, cause: str, data: str, client_id: str = ""
) -> Inbound | None:
    """Something that happened to a payment, for the conversation of its order; None where that is gone."""
    address = await conversations.address(payment.conversation_id) if payment.conversation_id else None
    if address is None:
        return None
    return Inbound(address.account, cause[:191], address.external_id, kind, data=data, client_id=client_id)
