"""What became of our orders in a connected shop: what it sent is sent here, once.

Staff hear of what it paid back, cancelled or deleted.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.store import Sent, ThereOrder
from bot.services import order_states, orders, shipments, store_orders
from bot.services.order_states import Doing
from bot.services.orders import OrderView
from bot.services.shipments import MOST, UNKNOWN, Parcel
from models import Order, Payment, locks


async def take(store: str, there: ThereOrder, now: datetime) -> OrderView | None:
    """Move our order on, inside the caller's transaction; None where it stays. It never goes back."""
    order_id = await store_orders.of(store, there.id)
    order = await locks.order(order_id) if order_id is not None else None
    if order is None:
        return None
    if there.refunded and order.state != "refunded" and not await _was_paid_there(store, order):
        amount = f"{there.refunded} {there.currency or order.currency}"
        await store_orders.tell(store, order.number, "refunded_there", {"amount": amount}, now)
    if order.state not in order_states.AT_HOME:
        return None
    if there.is_cancelled:
        await store_orders.tell(store, order.number, "cancelled_there", {}, now)
        return None
    if not there.is_sent:
        return None
    if not await store_orders.holds_all(order.id, store):
        await store_orders.tell(store, order.number, "part_sent", {}, now)
        return None
    parcels = tuple(_parcel(one) for one in there.parcels)
    if order_states.may("store", "pack", order.state) and not order_states.may("store", "ship", order.state):
        await orders.advance(order.id, "pack", f"store:{store}", now)
    moved = await orders.advance(order.id, "ship", f"store:{store}", now, Doing(parcel=next(iter(parcels), UNKNOWN)))
    for further in parcels[1:]:
        await shipments.send(order, further, (), now)
    return moved


async def lost(store: str, id: str, now: datetime) -> None:  # noqa: A002 - the port's word
    """The shop has our order no more: staff hear of one that goes on here. Inside the caller's transaction."""
    order_id = await store_orders.of(store, id)
    order = await locks.order(order_id) if order_id is not None else None
    if order is not None and order.state in order_states.AT_HOME:
        await store_orders.tell(store, order.number, "deleted_there", {}, now)


async def _was_paid_there(store: str, order: Order) -> bool:
    """Whether the shop took the money: then what it pays back is booked by the payment itself."""
    return await Payment.filter(order_id=order.id, provider=store, captured__gt=0).exists()


def _parcel(sent: Sent) -> Parcel:
    """What of it can be kept: a shop lets people write anything there."""
    is_link = sent.url.startswith(("https://", "http://")) and " " not in sent.url and len(sent.url) <= MOST["url"]
    return Parcel(sent.carrier[: MOST["carrier"]], sent.number[: MOST["number"]], sent.url if is_link else "")
