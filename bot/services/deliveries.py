"""What becomes of an order that has come: received by its customer or by time, and a review asked for once."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.services import orders
from bot.services.order_states import ARRIVED
from bot.services.orders import OrderView
from bot.services.scope import Scope
from models import Order, Review, locks

#: So many in one transaction keep it short; the next tick takes the rest.
AT_ONCE = 100
#: Who is not asked within this time behind the day is not asked at all: the asking was off, or nothing ran.
STALE = timedelta(days=14)


async def receive(scope: Scope, number: str) -> OrderView:
    """The customer has it; said again, it stays so. Raises `Refused`: "no_order", "wrong_state"(number, state)."""
    order = await orders.own(scope, number)
    if order.state == "completed":
        return await orders.view(order)
    return await orders.move(order, "complete", "customer", scope.now)


async def complete(after: timedelta, now: datetime) -> tuple[OrderView, ...]:
    """Complete what was delivered so long ago, in the caller's transaction."""
    due = Order.filter(state="delivered", delivered_at__lte=now - after).order_by("id").limit(AT_ONCE)
    done = []
    for row in await due:
        order = await locks.order(row.id)
        if order and order.state == "delivered":
            done.append(await orders.move(order, "complete", "clock", now))
    return tuple(done)


async def to_review(after: timedelta, now: datetime) -> tuple[OrderView, ...]:
    """The orders whose customers are to be asked for a review now; each is here once, in the caller's transaction.

    Those that came so long ago, were paid and stayed, and that nobody has reviewed.
    """
    due = Order.filter(review_asked_at__isnull=True, delivered_at__lte=now - after)
    rows = await due.filter(delivered_at__gt=now - after - STALE).order_by("id").limit(AT_ONCE)
    found = []
    for row in rows:
        order = await locks.order(row.id)
        if order is None or order.review_asked_at is not None:
            continue
        order.review_asked_at = now
        await order.save(update_fields=["review_asked_at"])
        if order.state in ARRIVED and order.paid_at and not await Review.filter(order_id=order.id).exists():
            found.append(await orders.view(order))
    return tuple(found)
