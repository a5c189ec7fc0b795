"""Pieces of a connected shop's goods that are not sent any more: the shop has no way to hear of a part, staff do."""

from __future__ import annotations

from datetime import datetime

from bot.services import store_goods, store_orders
from bot.services.shipments import Pieces
from models import Order, StoreOrder


async def called_off(order: Order, pieces: Pieces, now: datetime) -> None:
    """These are not sent any more, in the caller's transaction, before the order's lines say so.

    An order of which the shop then has nothing to send is given up there. What it does not have yet, and is not being
    sent, goes there without them. Else staff are told how many of each it should have, whatever they took out before.
    """
    row = await StoreOrder.get_or_none(order_id=order.id)
    if row is None:
        return
    off = {line.id: count for line, count in pieces if count > 0}
    lines = await store_goods.lines(order.id, row.store)
    if not off.keys() & {line.id for line in lines}:
        return
    if all(line.quantity - line.cancelled <= off.get(line.id, 0) for line in lines):
        await store_orders.give_up(order)
    elif row.state in ("sent", "pay") or (row.state == "due" and (row.tries or row.external_id)):
        left = [(line, line.quantity - line.cancelled - off.get(line.id, 0)) for line in lines]
        told = ", ".join(f"{line.name}: {line.quantity} → {count}" for line, count in left if count < line.quantity)
        await store_orders.tell(row.store, order.number, "cancelled_here", {"pieces": told[:300]}, now)
