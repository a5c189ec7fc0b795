"""Order again: what was in an order goes into the cart, as far as it can be bought today."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.errors import Refused
from bot.services import cart, orders
from bot.services.cart import Cart
from bot.services.scope import Scope
from models import OrderLine


@dataclass(frozen=True, slots=True)
class Short:
    """What of an order could not be put in as it was; `available` pieces are, 0 for none of it."""

    name: str
    available: int


@dataclass(frozen=True, slots=True)
class Again:
    """The cart with what was `added` of an order, and what is missing there."""

    cart: Cart
    added: int  # pieces
    short: tuple[Short, ...]


async def again(scope: Scope, number: str) -> Again:
    """Put what an own order had into the cart, at today's prices; what lies there already counts, too.

    Raises `Refused("no_order")`.
    """
    order = await orders.find(scope, number)
    if order is None:
        raise Refused("no_order", number=number)
    there = {line.sku: line.quantity for line in (await cart.view(scope)).lines}
    added, short = 0, list[Short]()
    for line in await OrderLine.filter(order_id=order.id).order_by("id").prefetch_related("variant"):
        sku = line.variant.sku if line.variant else ""  # as it is called today
        lying = there.get(sku, 0)
        left = await _put(scope, sku, line.quantity, lying) if sku else 0
        added += max(0, left - lying)
        if left < line.quantity:
            short.append(Short(line.name, left))
    return Again(await cart.view(scope), added, tuple(short))


async def _put(scope: Scope, sku: str, wanted: int, lying: int) -> int:
    """How many of it lie in the cart then, of as many as were ordered."""
    if lying >= wanted:
        return wanted
    try:
        await cart.change(scope, sku, wanted)
    except Refused as refusal:
        left = int(str(refusal.facts.get("available", 0)))
        if refusal.code != "sold_out" or left <= lying:
            return lying
        await cart.change(scope, sku, left)
        return left
    return wanted
