"""What became of our orders in a connected shop: what it sent is sent here, once.

Staff hear of what it paid back, cancelled or deleted.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.store import Dispatch, Sent, ThereOrder
from bot.services import order_states, orders, shipments, store_orders
from bot.services.order_states import Doing
from bot.services.orders import OrderView
from bot.services.shipments import MOST, UNKNOWN, Parcel, Piece
from models import Order, Payment, StoreOrder, locks


async def take(store: str, there: ThereOrder, now: datetime) -> tuple[OrderView, ...]:
    """Move our order on, inside the caller's transaction; it never goes back. How it was after each part that left."""
    order_id = await store_orders.of(store, there.id)
    order = await locks.order(order_id) if order_id is not None else None
    if order is None:
        return ()
    if there.refunded and order.state != "refunded" and not await _was_paid_there(store, order):
        amount = f"{there.refunded} {there.currency or order.currency}"
        await store_orders.tell(store, order.number, "refunded_there", {"amount": amount}, now)
    if order.state not in order_states.UNSENT:
        return ()
    if there.is_cancelled:
        if not await _is_given_up(order.id):
            await store_orders.tell(store, order.number, "cancelled_there", {}, now)
        return ()
    moved = [view for one in _dispatches(there) if (view := await _send(store, order.id, one, now))]
    state = moved[-1].state if moved else order.state
    if there.is_sent and state in order_states.UNSENT:
        await store_orders.tell(store, order.number, "part_sent", {}, now)
    return tuple(moved)


def _dispatches(there: ThereOrder) -> tuple[Dispatch, ...]:
    """What left; an order may be sent of which the shop names no part."""
    return (Dispatch("all"),) if there.is_sent and not there.dispatches else there.dispatches


async def _send(store: str, order_id: int, one: Dispatch, now: datetime) -> OrderView | None:
    """Send here what left there; None where that is known, or nothing of it is left here."""
    key = f"{store}:{one.id}"[:64]
    if await order_states.is_heard(order_id, key):
        return None
    pieces = await _pieces(store, order_id, one)
    if not pieces:
        return None
    order = await Order.get(id=order_id)
    if not order_states.may("store", "ship", order.state):
        await orders.advance(order_id, "pack", f"store:{store}", now)
    parcels = tuple(_parcel(sent) for sent in one.parcels)
    doing = Doing(parcel=next(iter(parcels), UNKNOWN), pieces=pieces, key=key)
    moved = await orders.advance(order_id, "ship", f"store:{store}", now, doing)
    for further in parcels[1:]:
        await shipments.send(order, further, (), now)
    return moved


async def _pieces(store: str, order_id: int, one: Dispatch) -> tuple[Piece, ...]:
    """Which of our pieces these are; never more than are left."""
    lines = await store_orders.lines_of(order_id, store)
    variants = {line.id: line.variant.external_id for line in lines if line.variant is not None}
    left = [(line.id, count) for line, count in await shipments.waiting(order_id) if line.id in variants]
    if one.lines is None:
        return tuple(Piece(line, count) for line, count in left if count > 0)
    sent: dict[str | None, int] = {}
    for told in one.lines:
        sent[told.variant] = sent.get(told.variant, 0) + told.quantity
    found = []
    for line, count in left:
        if (taken := min(count, sent.get(variants[line], 0))) > 0:
            found.append(Piece(line, taken))
            sent[variants[line]] -= taken
    return tuple(found)


async def lost(store: str, id: str, now: datetime) -> None:  # noqa: A002 - the port's word
    """The shop has our order no more: staff hear of one that goes on here. Inside the caller's transaction."""
    order_id = await store_orders.of(store, id)
    order = await locks.order(order_id) if order_id is not None else None
    if order is None or order.state not in order_states.UNSENT or await _is_given_up(order.id):
        return
    await store_orders.tell(store, order.number, "deleted_there", {}, now)


async def _is_given_up(order_id: int) -> bool:
    """Whether it was cancelled there from here, since none of the shop's goods is to be sent: it tells of that, too."""
    return await StoreOrder.exists(order_id=order_id, state__in=["ending", "ended"])


async def _was_paid_there(store: str, order: Order) -> bool:
    """Whether the shop took the money: then what it pays back is booked by the payment itself."""
    return await Payment.filter(order_id=order.id, provider=store, captured__gt=0).exists()


def _parcel(sent: Sent) -> Parcel:
    """What of it can be kept: a shop lets people write anything there."""
    is_link = sent.url.startswith(("https://", "http://")) and " " not in sent.url and len(sent.url) <= MOST["url"]
    return Parcel(sent.carrier[: MOST["carrier"]], sent.number[: MOST["number"]], sent.url if is_link else "")
