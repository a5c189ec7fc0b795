"""What became of our orders in a connected shop: what it sent is sent here, once.

Staff hear of what it paid back, cancelled or deleted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from bot.core.store import Dispatch, ThereOrder
from bot.services import order_states, orders, shipments, store_goods, store_orders, store_parcels
from bot.services.order_states import Doing
from bot.services.orders import OrderView
from bot.services.shipments import UNKNOWN, Piece
from bot.services.store_parcels import Tracked
from models import Order, OrderLine, Payment, StoreOrder, locks


@dataclass(frozen=True, slots=True)
class Moved:
    """How an order was after something left, or after the number of what had left came."""

    order: OrderView
    tracked: Tracked | None = None


async def take(store: str, there: ThereOrder, now: datetime) -> tuple[Moved, ...]:
    """Move our order on, inside the caller's transaction; it never goes back. Of each the customer is to be told."""
    order_id = await store_orders.of(store, there.id)
    order = await locks.order(order_id) if order_id is not None else None
    if order is None:
        return ()
    if there.refunded and order.state != "refunded" and not await _was_paid_there(store, order):
        amount = f"{there.refunded} {there.currency or order.currency}"
        await store_orders.tell(store, order.number, "refunded_there", {"amount": amount}, now)
    if order.state not in order_states.UNSENT:
        return await _tracked(store, order, there, now) if order.state == "shipped" else ()
    if there.is_cancelled:
        if not await _is_given_up(order.id):
            await store_orders.tell(store, order.number, "cancelled_there", {}, now)
        return ()
    moved = [await _send(store, order.id, one, pieces, now) for one, pieces in await _new(store, order.id, there)]
    order = await Order.get(id=order.id)
    if there.is_sent and order.state in order_states.UNSENT:
        await store_orders.tell(store, order.number, "part_sent", {}, now)
    return (*moved, *await _tracked(store, order, there, now))


async def _tracked(store: str, order: Order, there: ThereOrder, now: datetime) -> tuple[Moved, ...]:
    is_known = bool(order.name)  # else who it went to was forgotten, and so was the way that it went
    found = await store_parcels.told(store, order, there.dispatches, now) if is_known else []
    view = await orders.view(order) if found else None
    return tuple(Moved(view, one) for one in found if view is not None)


def _dispatches(there: ThereOrder) -> tuple[Dispatch, ...]:
    """What left; an order may be sent of which the shop names no part."""
    return (Dispatch("all"),) if there.is_sent and not there.dispatches else there.dispatches


async def _send(store: str, order_id: int, one: Dispatch, pieces: tuple[Piece, ...], now: datetime) -> Moved:
    """Send here what left there."""
    key = store_parcels.key(store, one)
    order = await Order.get(id=order_id)
    if not order_states.may("store", "ship", order.state):
        await orders.advance(order_id, "pack", f"store:{store}", now)
    parcels = tuple(store_parcels.parcel(sent) for sent in one.parcels)
    doing = Doing(parcel=next(iter(parcels), UNKNOWN), pieces=pieces, key=key, told_as=key)
    moved = await orders.advance(order_id, "ship", f"store:{store}", now, doing)
    for further in parcels[1:]:
        await shipments.send(order, further, (), now, key)
    return Moved(moved)


async def _new(store: str, order_id: int, there: ThereOrder) -> list[tuple[Dispatch, tuple[Piece, ...]]]:
    """Which of our pieces left there and have not left here yet, by dispatch; never more than are left.

    Staff who send pieces at the desk may tell the shop so: what left here is of the dispatches that sent something
    here, then of the others as they stand, and only what is more than that is new.
    """
    dispatches = _dispatches(there)
    lines = {line.id: line for line in await store_goods.lines(order_id, store)}
    waiting = await shipments.waiting(order_id)
    waits = [(_variant(lines[line.id]), line, count) for line, count in waiting if line.id in lines]
    gone: Counter[str] = Counter()
    for variant, line, count in waits:
        gone[variant] += line.quantity - line.cancelled - count
    heard = await order_states.heard(order_id, [store_parcels.key(store, one) for one in dispatches])
    unheard = [one for one in dispatches if store_parcels.key(store, one) not in heard]
    for one in dispatches:
        if one not in unheard:
            gone -= _count(one)
    left = {line.id: count for _, line, count in waits}
    found = []
    for one in unheard:
        told = _count(one)
        new, gone = told - gone, gone - told
        pieces = []
        for variant, line, _ in waits:
            if (taken := left[line.id] if one.lines is None else min(left[line.id], new[variant])) > 0:
                pieces.append(Piece(line.id, taken))
                left[line.id] -= taken
                new[variant] -= taken
        if pieces:
            found.append((one, tuple(pieces)))
    return found


def _variant(line: OrderLine) -> str:
    """By the shop's id."""
    return (line.variant.external_id or "") if line.variant is not None else ""


def _count(one: Dispatch) -> Counter[str]:
    """Pieces by variant."""
    counted: Counter[str] = Counter()
    for line in one.lines or ():
        counted[line.variant] += line.quantity
    return counted


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
