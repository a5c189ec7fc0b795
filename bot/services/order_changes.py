"""An order that is not paid yet, changed by staff: its goods, where they go, and what all of it costs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.postal import NOWHERE
from bot.services import audit, order_states, orders, payments, placing, pricing, staff_orders, stock, voids
from bot.services.contacts import Address
from bot.services.order_states import Mark
from bot.services.orders import OrderView
from bot.services.scope import Scope
from bot.services.staff_orders import Basket
from models import Order, OrderCharge, OrderLine, Payment, locks


@dataclass(frozen=True, slots=True)
class Change:
    """The order as it shall be: the whole of it. `version` and the `agreed` total are what staff had seen, and say."""

    basket: Basket
    to: Address
    reason: str
    version: int
    agreed: int


async def change(scope: Scope, order_id: int, wish: Change, staff_id: int) -> OrderView:
    """Make it so, hold its stock anew and for the full time, and have what is open for the order as it was closed.

    Whoever pays the old sum all the same has paid another amount than the order's, see `settlement`. Raises
    `Refused`: "no_order", "no_conversation", "wrong_state"(number, state, step), "overtaken", "total_changed", and
    as `staff_orders.place` does.
    """
    await pricing.lock(scope, wish.basket.code)
    order = await locks.order(order_id)
    if order is None:
        raise Refused("no_order")
    if order.conversation_id is None:  # forgotten since it was read: nobody comes back by a change
        raise Refused("no_conversation")
    if order.state != order_states.PLACED:
        raise Refused("wrong_state", number=order.number, state=order.state, step="change")
    if await order_states.version(order_id) != wish.version:
        raise Refused("overtaken")
    found = await staff_orders.reckoned(scope, wish.basket, order, locked=True)
    parts = found.parts
    if parts.total.amount != wish.agreed:
        raise Refused("total_changed")
    to = placing.person(wish.to, found.country)
    for table in (OrderLine, OrderCharge):
        await table.filter(order_id=order_id).delete()
    await stock.release(order_id)
    before, order.total = order.total, wish.agreed
    if to.postal != NOWHERE or (to.address, to.country) != (order.address, order.country):
        order.postal = placing.in_parts(to.postal)
    order.name, order.phone, order.address, order.country = to.name, to.phone, to.address, to.country
    order.hold_until = max(order.hold_until or scope.now, scope.now + scope.order_hold)
    order.updated_at = scope.now
    await order.save()
    _, written = placing.filled(scope, order, found.wanted)
    written.append(pricing.kept(order, parts))
    note = wish.reason
    if before != order.total:
        was, now = (Money(one, order.currency).decimal for one in (before, order.total))
        note = f"{was} → {now} {order.currency}: {note}"
    staff = f"staff:{staff_id}"
    await order_states.record(order, order.state, staff, scope.now, note, mark=Mark("changed"), beside=written)
    if before != order.total:
        await voids.ask_all(order, scope.now)
    else:  # the bill of a shop's own checkout holds the goods and the address, whatever they come to
        bills = [offer.way.name for offer in scope.pay_ways if offer.terms.store]
        await voids.ask_all(order, scope.now, bills)
        await _drop_unopened(order, scope.now, bills)
    await audit.record(staff_id, "order.change", f"order:{order_id}", scope.now)
    return await orders.view(order)


async def _drop_unopened(order: Order, now: datetime, at: Collection[str]) -> None:
    """What is being opened at these just now holds the order as it was: it is closed as soon as it is open."""
    for payment in await Payment.filter(order_id=order.id, state="created", provider__in=list(at)).order_by("id"):
        await payments.change(payment, "failed", "failed", now, "the order was changed")
