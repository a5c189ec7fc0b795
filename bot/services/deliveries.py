"""What becomes of an order that has come: received by its customer or by time, and a review asked for once."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.services import orders
from bot.services.order_states import ARRIVED
from bot.services.orders import OrderView
from bot.services.scope import Scope
from bot.services.unasked import Find, Where, free
from models import Order, Review, locks
from models.database import fetch

#: So many in one transaction keep it short; the next tick takes the rest.
AT_ONCE = 100
#: Who is not asked within this time behind the day is not asked at all: the asking was off, or nothing ran.
STALE = timedelta(days=14)
_TO_REVIEW = (
    'SELECT o.id FROM "order" o WHERE o.review_asked_at IS NULL AND o.paid_at IS NOT NULL '  # noqa: S608 - ours
    f"AND o.delivered_at <= ? AND o.delivered_at > ? AND {free('o.contact_id')} "
    "ORDER BY o.delivered_at, o.id LIMIT ?"
)


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


async def to_review(after: timedelta, now: datetime, find: Find) -> tuple[tuple[OrderView, Where], ...]:
    """The orders whose customers are to be asked for a review now, and where; in the caller's transaction.

    Those that came so long ago, were paid and stayed, and that nobody has reviewed: each is here once, or later, while
    a person has the word or it is to be paid yet.
    """
    found = []
    for row in await fetch(_TO_REVIEW, (now - after, now - after - STALE, now, AT_ONCE)):
        order = await locks.order(row["id"])
        if order is None or order.review_asked_at is not None:
            continue
        where = await find(order.conversation_id or 0)
        if where is not None and where.waits:
            continue
        order.review_asked_at = now
        await order.save(update_fields=["review_asked_at"])
        if where and order.state in ARRIVED and not await Review.filter(order_id=order.id).exists():
            found.append((await orders.view(order), where))
    return tuple(found)
