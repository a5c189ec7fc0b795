"""A part of an order: pieces that leave by themselves, and pieces that are not sent any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.pricing import Cost, called_off
from bot.services import payments, pricing, refunds, shipments, stock, store_parts
from bot.services.order_states import PARTLY, PLAIN, UNSENT, Doing, Mark
from bot.services.refunds import Wish
from bot.services.shipments import Pieces, Shipped
from models import Order, OrderCharge, OrderLine, locks
from models.database import client, execute
from models.rows import update


@dataclass(frozen=True, slots=True)
class Part:
    """What a step did with pieces: how its audit row is marked, and whether pieces are left to send."""

    mark: Mark = PLAIN
    leaves: bool = False


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Left:
    """Pieces of a line that may be sent or cancelled, at the price of one."""

    line: int
    sku: str
    name: str
    pieces: int
    price: Money


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One variant of an order, with name and price as they were when it was placed."""

    sku: str
    name: str
    quantity: int
    price: Money
    subtotal: Money
    cancelled: int = 0  # pieces that are not sent any more
    left: int = 0  # pieces that are to be sent yet


def item(line: OrderLine, order: Order, shipped: Iterable[Shipped]) -> OrderItem:
    """A line of an order of which this was shipped."""
    price, left = Money(line.price, order.currency), 0
    if order.state in UNSENT:
        sent = sum(each.quantity for one in shipped for each in one.items if each.line == line.id)
        left = line.quantity - line.cancelled - sent
    return OrderItem(line.sku, line.name, line.quantity, price, price * line.quantity, line.cancelled, left)


async def left(order_id: int, currency: str) -> tuple[Left, ...]:
    """What may be sent or cancelled yet of an order of which not all was."""
    waits = await shipments.waiting(order_id)
    return tuple(
        Left(line.id, line.sku, line.name, count, Money(line.price, currency)) for line, count in waits if count > 0
    )


async def cost(order_id: int, currency: str) -> tuple[Cost, int]:
    """What an order costs by its goods, and the goods that were not cancelled, in minor units.

    What goes back for pieces that are cancelled is by how much its total becomes less.
    """
    lines = await OrderLine.filter(order_id=order_id)
    charges = (await pricing.charges({order_id: currency}))[order_id]
    kept = sum([line.price * (line.quantity - line.cancelled) for line in lines])
    return Cost.of(sum([line.price * line.quantity for line in lines]), charges), kept


async def ship(order: Order, doing: Doing, now: datetime) -> Part:
    """Pieces of a locked order leave. Raises as `shipments.choose` and `shipments.send` do."""
    waits = await shipments.waiting(order.id)
    chosen = shipments.choose(waits, doing.pieces)
    leaves = _pieces(waits) > _pieces(chosen)
    id_ = await shipments.send(order, doing.parcel, chosen, now, doing.told_as)
    is_part = leaves or order.state == PARTLY
    return Part(Mark("shipped" if is_part else "", doing.key, id_), leaves)


async def cancel(order: Order, doing: Doing, actor: str, now: datetime) -> Part:
    """Pieces of a locked order are not sent any more: they lie on the shelf again, and their money goes back.

    One that is to be paid on delivery costs less from then on. Raises as `shipments.choose` does, and `Refused`:
    "all_of_it" of all pieces of an order of which nothing has left, "nothing_paid", "too_much"(left) where less is
    left of its money.
    """
    waits = await shipments.waiting(order.id)
    chosen = shipments.choose(waits, doing.pieces)
    leaves = _pieces(waits) > _pieces(chosen)
    if not leaves and order.state != PARTLY:
        raise Refused("all_of_it", number=order.number)
    costs, kept = await cost(order.id, order.currency)
    stays = kept - sum(line.price * count for line, count in chosen)
    back = Money(costs.total(kept) - costs.total(stays), order.currency)
    if order.paid_at is None:
        await _ask_less(order, stays, now)
    elif back.amount and not doing.keeps:
        await refunds.of_part(order, back, Wish.by(actor, doing.note), now)
    await restock(order, chosen, now)
    for line, count in chosen:
        await OrderLine.filter(id=line.id).update(cancelled=line.cancelled + count)
    return Part(Mark("cancelled", doing.key), leaves)


async def _ask_less(order: Order, kept: int, now: datetime) -> None:
    """A locked order that nobody has paid costs what is `kept` of its goods, in minor units."""
    goods = sum([line.price * line.quantity for line in await OrderLine.filter(order_id=order.id)])
    charges = (await pricing.charges({order.id: order.currency}))[order.id]
    parts = called_off(Money(goods, order.currency), Money(kept, order.currency), charges)
    order.total = parts.total.amount
    await OrderCharge.filter(order_id=order.id).delete()
    await execute(client(), [update(order, "total"), pricing.kept(order, parts)])
    for payment in await locks.payments_of(order.id):
        if payment.state not in ("paid", "failed", "refunded"):
            payment.amount, payment.updated_at = order.total, now
            asked = f"{order.total} {order.currency} are asked for"
            await payments.note(payment, "changed", now, asked, [update(payment, "amount", "updated_at")])


async def restock(order: Order, pieces: Pieces, now: datetime) -> None:
    """Pieces that were sold and have not left lie on the shelf again, in a connected shop, too."""
    await store_parts.called_off(order, pieces, now)
    wanted: dict[int, int] = {}
    for line, count in pieces:
        if line.variant_id is not None:
            wanted[line.variant_id] = wanted.get(line.variant_id, 0) + count
    await stock.restock(order.id, wanted)


def _pieces(pieces: Pieces) -> int:
    return sum(count for _, count in pieces)
