"""Steps of orders, taken by staff or by time: the customer of each hears of it in the lane, in the same commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.events import OrderChanged
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.store import ThereOrder
from bot.runtime import noticed
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import (
    audit,
    deliveries,
    desk_payments,
    order_news,
    order_states,
    orders,
    reach,
    settlement,
    store_following,
    unasked,
)
from bot.services.order_states import Doing
from bot.services.refunds import Wish
from bot.services.store_following import Moved
from bot.services.unasked import Where
from models import Conversation
from models.database import transaction

#: Of these a customer is told at any hour: somebody counts on goods that do not come.
URGENT = frozenset({"cancelled"})


@dataclass(frozen=True, slots=True)
class Stepped:
    """What was committed: inbounds for the lanes, and what live screens should hear."""

    waiting: list[Waiting]
    changed: list[OrderChanged]


async def take(
    inbox: Inbox, shop: Shop, order_id: int, step: str, staff_id: int, doing: Doing, now: datetime
) -> Stepped:
    """Staff take a step of an order; of a click that was heard before nothing comes. Raises as `orders.advance`."""
    async with transaction() as connection:
        if await order_states.is_heard(order_id, doing.key):
            return Stepped([], [])
        order = await orders.advance(order_id, step, f"staff:{staff_id}", now, doing)
        await audit.record(staff_id, f"order.{step}", f"order:{order_id}", now)
        told = await _told(order, shop, now, await _news(order, step))
        asked = await _asked_again(order, now) if step == "cancel_part" and order.paid_at is None else []
        waiting = await inbox.keep_within(connection, [*([told] if told else []), *asked])
    return Stepped(waiting, [OrderChanged(order_id)])


async def _asked_again(order: orders.OrderView, now: datetime) -> list[Inbound]:
    """An order costs less: have providers asked once more for money that did not fit it."""
    version = await order_states.version(order.id)
    return [
        hint
        for payment, _ in await settlement.misfits(order.id)
        for hint in await noticed.within(payment, f"changed:{version}:{payment.key}", now)
    ]


async def give_back(inbox: Inbox, shop: Shop, payment_id: int, amount: Money, wish: Wish, now: datetime) -> Stepped:
    """Staff want money of a payment given back. Raises as `desk_payments.give_back`."""
    async with transaction() as connection:
        order = await desk_payments.give_back(payment_id, amount, wish, now)
        if order is None:
            return Stepped([], [])
        await audit.record(wish.staff_id, "payment.refund", f"payment:{payment_id}", now)
        told = await _told(order, shop, now) if order.state == "refunded" else None
        waiting = await inbox.keep_within(connection, [told] if told else [])
    return Stepped(waiting, [OrderChanged(order.id)])


async def expire(inbox: Inbox, shop: Shop, now: datetime) -> Stepped:
    """End the orders that were not paid in time, and free their stock: all of it, or nothing."""
    async with transaction() as connection:
        ended = await orders.expire(now)
        told = [await _told(order, shop, now) for order in ended]
        waiting = await inbox.keep_within(connection, [inbound for inbound in told if inbound])
    return Stepped(waiting, [OrderChanged(order.id) for order in ended])


async def follow(inbox: Inbox, shop: Shop, store: str, there: ThereOrder, now: datetime) -> Stepped:
    """A connected shop did something with an order of ours. See `store_following.take`."""
    async with transaction() as connection:
        moved = await store_following.take(store, there, now)
        told = [await _told(one.order, shop, now, await _followed(one)) for one in moved]
        waiting = await inbox.keep_within(connection, [inbound for inbound in told if inbound])
    return Stepped(waiting, [OrderChanged(one.order.id) for one in moved[-1:]])


async def complete(now: datetime, after: timedelta) -> Stepped:
    """End the orders that came so long ago: it is for the books, and nobody is told."""
    async with transaction():
        done = await deliveries.complete(after, now)
    return Stepped([], [OrderChanged(order.id) for order in done])


async def ask_for_reviews(inbox: Inbox, shop: Shop, now: datetime, after: timedelta) -> Stepped:
    """Ask whose orders came so long ago how it was: each once, in the commit that notes it."""
    async with transaction() as connection:
        find = unasked.finding(shop.capabilities, now, shop.quiet)
        asked = [_asked(order.number, there) for order, there in await deliveries.to_review(after, now, find)]
        return Stepped(await inbox.keep_within(connection, asked), [])


def _asked(number: str, there: Where) -> Inbound:
    name = f"review:{number}"
    return Inbound(there.account, name, there.external_id, "review", data=number, client_id=name)


async def _news(order: orders.OrderView, step: str) -> tuple[str, str]:
    """What a step just taken is told by: the name of the inbound, and its text, which says of which part it tells."""
    if step == "cancel_part":
        return order_news.cancelled_name(order.number, await order_states.version(order.id)), "cancelled"
    if step == "ship" and order.state == order_states.PARTLY:
        sent = order.shipments[-1].id
        return order_news.part_name(order.number, sent), str(sent)
    return order_news.name(order.number, order.state), ""


async def _followed(moved: Moved) -> tuple[str, str]:
    """As `_news`, of what a connected shop did."""
    if moved.tracked is None:
        return await _news(moved.order, "ship")
    name = order_news.tracked_name(moved.order.number, moved.tracked.version)
    return name, f"tracked:{moved.tracked.shipment}"


async def _told(
    order: orders.OrderView, shop: Shop, now: datetime, news: tuple[str, str] | None = None
) -> Inbound | None:
    """The inbound that tells the customer of an order's step, or of other news; None when it has no conversation.

    They are told where they can be reached, in the channel that they used last.
    """
    id_ = await reach.best(order.conversation_id or 0, shop.capabilities, now, "orders", shop.quiet)
    row = await Conversation.filter(id=id_).select_related("identity").first()
    if row is None:
        return None
    name, text = news or (order_news.name(order.number, order.state), "")
    to, urgent = row.identity.external_id, order.state in URGENT
    return Inbound(row.account, name, to, "order", text=text, data=order.number, client_id=name, urgent=urgent)
