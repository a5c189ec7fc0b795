"""The goods of a connected shop in an order, and the order as that shop is told it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.money import Money
from bot.core.pricing import Charge, of_kept
from bot.core.store import OutLine, OutOrder
from bot.services import placing, pricing
from models import Order, OrderLine, Variant


async def lines(order_id: int, store: str) -> list[OrderLine]:
    """The lines with goods of the shop, each with its variant and product."""
    found = OrderLine.filter(order_id=order_id, variant__store=store).order_by("id")
    return await found.select_related("variant__product")


async def products(order_id: int, store: str) -> frozenset[str]:
    """The shop's ids of its products in the order, also of those that are not sent any more: it may count them yet."""
    variants = [line.variant for line in await lines(order_id, store)]
    return frozenset(one.product.external_id or "" for one in variants if one is not None)


async def whole(order: Order, store: str, since: datetime) -> OutOrder:
    """Its goods of the shop that are to be sent, and all that it costs besides."""
    sold = [(line, line.variant) for line in await lines(order.id, store)]
    return OutOrder(
        number=order.number,
        lines=tuple(
            _line(line, variant, order.currency)
            for line, variant in sold
            if variant is not None and line.quantity > line.cancelled
        ),
        name=order.name,
        phone=order.phone,
        address=order.address,
        is_paid=order.paid_at is not None,
        since=since,
        charges=(await pricing.charges({order.id: order.currency}))[order.id],
        country=order.country,
        postal=placing.of_parts(order.postal),
        note=order.note,
    )


async def part(order: Order, store: str, since: datetime) -> OutOrder:
    """The same, with the part that falls on these goods of all that it costs besides."""
    out = await whole(order, store, since)
    sold = await OrderLine.filter(order_id=order.id)
    goods = Money(sum([line.price * line.quantity for line in sold]), order.currency)
    if out.of("cancelled"):
        kept = Money(sum([line.price * (line.quantity - line.cancelled) for line in sold]), order.currency)
        out, goods = replace(out, charges=of_kept(goods, kept, out.charges)), kept
    theirs = sum([line.price.amount * line.quantity for line in out.lines])
    return replace(out, charges=tuple(_share(one, theirs, goods.amount) for one in out.charges))


def _line(line: OrderLine, variant: Variant, currency: str) -> OutLine:
    product = variant.product.external_id or ""
    return OutLine(product, variant.external_id or "", line.quantity - line.cancelled, Money(line.price, currency))


def _share(charge: Charge, part: int, whole: int) -> Charge:
    """What of it falls on goods that cost `part` of the `whole`, rounded towards nothing."""
    if part == whole:
        return charge
    size = abs(charge.amount.amount) * part // whole
    return replace(charge, amount=Money(size if charge.amount.amount >= 0 else -size, charge.amount.currency))
