"""Orders that staff put together for a customer; the customer's own cart stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.pricing import Breakdown, Charge, Method
from bot.services import audit, contacts, order_numbers, order_states, orders, placing, pricing, same_person
from bot.services.contacts import Address
from bot.services.orders import OrderItem, OrderView
from bot.services.placing import Wanted
from bot.services.scope import Scope
from bot.services.variants import by_sku
from models import Order, OrderLine, locks

#: Addresses that are offered, lines of one order, and pieces of one line.
OFFERED, LINES, PIECES = 5, 100, 10_000


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody is to get: skus of variants with how many. `country`, `method` and `code` as for `orders.place`."""

    lines: Sequence[tuple[str, int]]
    country: str = ""
    method: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a basket costs; `method` is how it is sent, one of `methods` where there is anything to choose."""

    lines: tuple[OrderItem, ...]
    charges: tuple[Charge, ...]
    total: Money
    methods: tuple[Method, ...]
    method: str


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as staff send it: `key` names the click, and `agreed` is the total that they saw, in minor units."""

    basket: Basket
    to: Address
    note: str
    key: str
    agreed: int


async def addresses(scope: Scope) -> tuple[Address, ...]:
    """Where this person had something delivered: what they told last, then the newest orders'."""
    last = await contacts.last_address(scope)
    people = await same_person.contacts(scope)
    newest = Order.filter(contact_id__in=people).exclude(address="").order_by("-created_at", "-id").limit(4 * OFFERED)
    known = [last] if last else []
    rows = await newest
    known += [Address(one.name, one.phone, one.address, one.country, placing.of_parts(one.postal)) for one in rows]
    return tuple(dict.fromkeys(known))[:OFFERED]


async def quote(scope: Scope, basket: Basket, order: Order | None = None) -> Quote:
    """What it costs and whether it is there; a way to ship that is not offered there becomes the first one that is.

    Of an `order` that becomes this: see `reckoned`. Raises `Refused` as `place` does.
    """
    methods = scope.rates.serving(_country(scope, basket.country), scope.currency)
    names = [method.name for method in methods]
    method = basket.method if basket.method in names else next(iter(names), "")
    wanted, parts = await reckoned(scope, replace(basket, method=method), order)
    lines = tuple(
        OrderItem(one.row.sku, one.name(scope.locale), quantity, one.price, one.price * quantity)
        for quantity, one in wanted
    )
    return Quote(lines, parts.charges, parts.total, methods, method)


async def place(scope: Scope, wish: Wish, staff_id: int) -> tuple[OrderView, bool]:
    """Order it for the customer of this conversation, and hold its stock; the second value says that it is new.

    The same `key` is the same order, however often it is sent. Raises `Refused`: "no_conversation", "cart_empty",
    "no_variant"(sku), "bad_quantity", "total_changed", and as `orders.place` does.
    """
    if await locks.conversation(scope.conversation_id) is None:  # from here on the second click waits
        raise Refused("no_conversation")
    number = order_numbers.number_of(f"{scope.conversation_id} {wish.key}")
    known = await Order.filter(number=number, conversation_id=scope.conversation_id).first()
    if known is not None:
        return await orders.view(known), False
    basket = wish.basket
    to = await _in_parts(scope, placing.person(wish.to, pricing.destination(scope, basket.country)))
    await pricing.lock(scope, basket.code)
    wanted, parts = await reckoned(scope, basket, locked=True)
    if parts.total.amount != wish.agreed:
        raise Refused("total_changed")
    numbers = iter([number])
    order = await placing.insert(
        scope, to, total=wish.agreed, numbers=lambda: next(numbers, None) or order_numbers.new_number()
    )
    await pricing.keep(order, parts)
    await placing.fill(scope, order, wanted)
    await contacts.remember(scope, to.name, to.phone, to.address, to.country, to.postal)
    await order_states.record(order, "", f"staff:{staff_id}", scope.now, wish.note)
    await audit.record(staff_id, "order.place", f"order:{order.id}", scope.now)
    return await orders.view(order), True


async def reckoned(
    scope: Scope, basket: Basket, order: Order | None = None, *, locked: bool = False
) -> tuple[Wanted, Breakdown]:
    """The pieces of each, all of them free, and what they cost; `locked` keeps it so until the transaction ends.

    What an `order` that becomes this holds is free for it, and what is in it already costs what it cost.
    """
    if locked:
        await locks.products_of(sku for sku, _ in basket.lines)
    besides = order.id if order else None
    there = await OrderLine.filter(order_id=besides) if order else []
    was = {line.variant_id: Money(line.price, scope.currency) for line in there}
    wanted = [
        (pieces, replace(one, price=was.get(one.row.id, one.price)))
        for pieces, one in await _wanted(scope, basket.lines)
    ]
    await placing.check_stock(scope, wanted, besides)
    goods = Money(sum(quantity * one.price.amount for quantity, one in wanted), scope.currency)
    return wanted, await pricing.breakdown(scope, goods, basket.country, basket.method, basket.code, besides)


async def _in_parts(scope: Scope, to: Address) -> Address:
    """With the parts in which the customer told it, if they did."""
    known = [one.postal for one in await addresses(scope) if (one.address, one.country) == (to.address, to.country)]
    return replace(to, postal=next(iter(known), to.postal))


def _country(scope: Scope, country: str) -> str:
    """Where it goes as the rates know it; what is wrong with it `pricing` says."""
    sold_to = scope.rates.countries
    return country or (sold_to[0] if len(sold_to) == 1 else "")


async def _wanted(scope: Scope, lines: Sequence[tuple[str, int]]) -> Wanted:
    """Each with its price today, in the order in which it was put in."""
    costs = await by_sku((sku for sku, _ in lines), scope.currency)
    if not lines:
        raise Refused("cart_empty")
    pieces: dict[str, int] = {}
    for sku, quantity in lines:
        if not 0 < quantity <= PIECES:
            raise Refused("bad_quantity", quantity=quantity)
        if sku not in costs or not costs[sku].is_sold:
            raise Refused("no_variant", sku=sku)
        pieces[sku] = pieces.get(sku, 0) + quantity
    return [(quantity, costs[sku]) for sku, quantity in pieces.items()]
