"""What is open at a provider and must not be paid any more: closed there by an effect of kind "void" each."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from models import Effect, Order, Payment
from models.rows import every

_CAN_BE_PAID = "WHERE order_id = ? AND state = 'open' AND reference <> '' ORDER BY id"


async def ask_all(order: Order, now: datetime, at: Collection[str] | None = None) -> None:
    """Nobody shall pay the locked order any more as it was: by any provider, or by those `at` which it is open."""
    for payment in await every(Payment, _CAN_BE_PAID, (order.id,)):
        if at is None or payment.provider in at:
            await ask(payment, now)


async def ask(payment: Payment, now: datetime) -> None:
    """Have it closed, once."""
    if not await is_asked(payment):  # the order's lock makes look-then-write safe
        await Effect.create(
            key=_key(payment),
            kind="void",
            lane=f"payment:{payment.key}",
            payload=json.dumps({"payment": payment.key}),
            due_at=now,
            created_at=now,
        )


async def is_asked(payment: Payment) -> bool:
    """Whether it is closed, or on its way to be."""
    return await Effect.filter(key=_key(payment)).exists()


def _key(payment: Payment) -> str:
    return f"void:{payment.key}"
