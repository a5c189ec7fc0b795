"""Orders that staff put together for a customer; the customer's own cart stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.postal import NOWHERE
from bot.core.pricing import Breakdown, Charge, Method
from bot.services import audit, contacts, order_numbers, order_states, orders, placing, pricing, same_person, stock
from bot.services.contacts import Address
from bot.services.order_parts import OrderItem
from bot.services.orders import OrderView
from bot.services.placing import Wanted
from bot.services.scope import Scope
from bot.services.variants import Priced, by_sku, variants
from models import Order, OrderLine, locks

#: Addresses that are offered, lines of one order, and pieces of one line.
OFFERED, LINES, PIECES = 5, 100, 10_000


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody is to get: skus of variants with how many. `country`, `method` and `code` as for `orders.place`.

    Without a country, an order that is changed goes where it went.
    """

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
    country = _goes_to(scope, basket, order)
    methods = scope.rates.serving(country, scope.currency)
    names = [method.name for method in methods]
    method = basket.method if basket.method in names else next(iter(names), "")
    found = await reckoned(scope, replace(basket, method=method), order)
    lines = tuple(
        OrderItem(sku, one.name(scope.locale), quantity, one.price, one.price * quantity)
        for sku, quantity, one in found.asked
    )
    return Quote(lines, found.parts.charges, found.parts.total, methods, method)


async def place(scope: Scope, wish: Wish, staff_id: int) -> tuple[OrderView, bool]:
    """Order it for the customer of this conversation, and hold its stock; the second value says that it is new.

    The same `key` is the same order, however often it is sent. Raises `Refused`: "no_conversation",
    "ordered_before"(number) where it became another order than it says by now, "cart_empty", "no_variant"(sku),
    "bad_quantity", "total_changed", and as `orders.place` does.
    """
    if await locks.conversation(scope.conversation_id) is None:  # from here on the second click waits
        raise Refused("no_conversation")
    number = order_numbers.number_of(f"{scope.conversation_id} {wish.key}")
    known = await Order.filter(number=number, conversation_id=scope.conversation_id).first()
    person = placing.person(wish.to, wish.basket.country)
    if known is not None:
        if await _is_other(known, person, wish):
            raise Refused("ordered_before", number=known.number)
        return await orders.view(known), False
    basket = wish.basket
    await pricing.lock(scope, basket.code)
    found = await reckoned(scope, basket, locked=True)
    to = await _in_parts(scope, replace(person, country=found.country))
    parts = found.parts
    if parts.total.amount != wish.agreed:
        raise Refused("total_changed")
    numbers = iter([number])
    order = await placing.insert(
        scope, to, total=wish.agreed, numbers=lambda: next(numbers, None) or order_numbers.new_number()
    )
    await contacts.remember(scope, to.name, to.phone, to.address, to.country, to.postal)
    _, written = placing.filled(scope, order, found.wanted)
    written.append(pricing.kept(order, parts))
    await order_states.record(order, "", f"staff:{staff_id}", scope.now, wish.note, beside=written)
    await audit.record(staff_id, "order.place", f"order:{order.id}", scope.now)
    return await orders.view(order), True


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What was asked for, as it was called there, what all of it costs, and the country that it goes to."""

    asked: Sequence[tuple[str, int, Priced]]
    parts: Breakdown
    country: str

    @property
    def wanted(self) -> Wanted:
        """By variant, however many names it was asked for by."""
        return _by_variant(self.asked)


async def reckoned(scope: Scope, basket: Basket, order: Order | None = None, *, locked: bool = False) -> Reckoned:
    """The pieces of each, all of them free, and what they cost; `locked` keeps it so until the transaction ends.

    What an `order` that becomes this holds is free for it, also where it is not sold any more, and what is in it
    already costs what it cost. Its lines are meant by the skus that they have, whatever these mean by now.
    """
    country = _goes_to(scope, basket, order)
    lines = await OrderLine.filter(order_id=order.id) if order else []
    asked = await _asked(scope, basket.lines, lines, locked=locked)
    kept = {line.variant_id: line.quantity for line in lines if line.variant_id is not None}
    besides = order.id if order else None
    wanted = _by_variant(asked)
    free = await stock.available((one.row.id for _, one in wanted), scope.now, besides=besides)
    placing.check_stock(scope, wanted, free, kept)
    goods = Money(sum(quantity * one.price.amount for quantity, one in wanted), scope.currency)
    parts = await pricing.breakdown(scope, goods, country, basket.method, basket.code, besides)
    return Reckoned(asked, parts, country)


async def _in_parts(scope: Scope, to: Address) -> Address:
    """With the parts in which the customer told it, if they did and staff did not."""
    if to.postal != NOWHERE:
        return to
    known = [one.postal for one in await addresses(scope) if (one.address, one.country) == (to.address, to.country)]
    return replace(to, postal=next(iter(known), to.postal))


def _goes_to(scope: Scope, basket: Basket, order: Order | None) -> str:
    return pricing.destination(scope, basket.country or (order.country if order else ""))


def _by_variant(asked: Sequence[tuple[str, int, Priced]]) -> Wanted:
    found: dict[int, tuple[int, Priced]] = {}
    for _, quantity, one in asked:
        before = found[one.row.id][0] if one.row.id in found else 0
        found[one.row.id] = before + quantity, one
    return list(found.values())


async def _asked(
    scope: Scope, wanted: Sequence[tuple[str, int]], lines: Sequence[OrderLine], *, locked: bool
) -> list[tuple[str, int, Priced]]:
    """Each with its price, in the order in which it was put in."""
    if not wanted:
        raise Refused("cart_empty")
    pieces: dict[str, int] = {}
    for sku, quantity in wanted:
        if not 0 < quantity <= PIECES:
            raise Refused("bad_quantity", quantity=quantity)
        pieces[sku] = pieces.get(sku, 0) + quantity
    there = {line.sku: line.variant_id for line in lines}
    new = [sku for sku in pieces if sku not in there]
    if locked:
        await locks.products_of(new, [id_ for id_ in there.values() if id_ is not None])
    own, costs = await _own(scope, lines), await by_sku(scope, new)
    found = []
    for sku, quantity in pieces.items():
        one = own.get(there[sku]) if sku in there else costs.get(sku)
        if one is None or not (one.is_sold or one.row.id in own):
            raise Refused("no_variant", sku=sku)
        found.append((sku, quantity, own.get(one.row.id, one)))
    return found


async def _own(scope: Scope, lines: Sequence[OrderLine]) -> dict[int | None, Priced]:
    """What is in an order already, by variant, at what it cost."""
    price = {line.variant_id: Money(line.price, scope.currency) for line in lines}
    rows = await variants(id_ for id_ in price if id_ is not None)
    return {id_: Priced(row, price[id_]) for id_, row in rows.items()}


async def _is_other(known: Order, to: Address, wish: Wish) -> bool:
    """Whether the same click says something else than what it became."""
    lines: dict[str, int] = {}
    for sku, quantity in wish.basket.lines:
        lines[sku] = lines.get(sku, 0) + quantity
    there = {line.sku: line.quantity for line in await OrderLine.filter(order_id=known.id)}
    was = known.total, there, known.name, known.phone, known.address, known.country
    return was != (wish.agreed, lines, to.name, to.phone, to.address, to.country or known.country)
