"""A person's cart: what they want, at the price that they were shown, in whichever app they said so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import same_person, variants
from bot.services.scope import Scope
from bot.services.variants import Offered, Priced
from models import CartLine, locks
from models.database import client, execute, marks
from models.rows import every, insertion

_OR_SO_MANY = " ON CONFLICT (contact_id, variant_id) DO UPDATE SET quantity = excluded.quantity"


@dataclass(frozen=True, slots=True)
class CartItem:
    """One variant in the cart; `was` is the price that the customer saw, when it has changed since."""

    sku: str
    name: str
    quantity: int
    price: Money
    was: Money | None
    available: int
    subtotal: Money


@dataclass(frozen=True, slots=True)
class Cart:
    """Everything in the cart, oldest first; an empty cart has no total."""

    lines: tuple[CartItem, ...]
    total: Money | None


@reads
async def view(scope: Scope) -> Cart:
    """The cart at today's prices. What is no longer for sale shows with nothing available.

    What has no price in the customer's currency stays where it was put, and is not shown.
    """
    lines = summed(await _lines(await same_person.contacts(scope)))
    return _cart(scope, lines, await variants.offered(scope, (line.variant_id for line in lines)))


async def add(scope: Scope, sku: str, quantity: int = 1) -> Cart:
    """Put `quantity` more of a variant in.

    Raises `Refused`: "no_product", "bad_quantity", "sold_out"(name, available).
    """
    if quantity < 1:
        raise Refused("bad_quantity", quantity=quantity)
    lines = summed(await locks.cart(*await same_person.contacts(scope)))
    variant = await _variant(scope, sku)
    line = next((one for one in lines if one.variant_id == variant.row.id), None)
    if line is None:
        lines.append(line := _line(scope, variant, 0))
    line.quantity += quantity
    _check_free(scope, variant, line.quantity)
    await _put(scope, variant, line.quantity)
    others = await variants.offered(scope, (one.variant_id for one in lines if one is not line))
    return _cart(scope, lines, others | {variant.row.id: variant})


async def fill(scope: Scope, wanted: Iterable[tuple[str, int]]) -> None:
    """Put so many of each into the cart of somebody new, which is empty and nobody else knows. Raises as `add` does."""
    pieces: dict[str, int] = {}
    for sku, quantity in wanted:
        if quantity < 1:
            raise Refused("bad_quantity", quantity=quantity)
        pieces[sku] = pieces.get(sku, 0) + quantity
    sold = {sku: one for sku, one in (await variants.by_sku(scope, pieces)).items() if one.is_sold}
    for sku, quantity in pieces.items():
        if sku not in sold:
            raise Refused("no_product", sku=sku)
        _check_free(scope, sold[sku], quantity)
    await CartLine.bulk_create(_line(scope, sold[sku], quantity) for sku, quantity in pieces.items())


async def change(scope: Scope, sku: str, quantity: int) -> Cart:
    """Make it `quantity`; 0 removes, also what is no longer for sale. Raises `Refused` as `add` does."""
    if quantity < 0:
        raise Refused("bad_quantity", quantity=quantity)
    if quantity == 0:
        await CartLine.filter(contact_id__in=await same_person.contacts(scope), variant__sku=sku).delete()
        return await view(scope)
    variant = await _variant(scope, sku)
    _check_free(scope, variant, quantity)
    await _put(scope, variant, quantity)
    return await view(scope)


async def clear(scope: Scope) -> Cart:
    """Empty the cart."""
    await CartLine.filter(contact_id__in=await same_person.contacts(scope)).delete()
    return await view(scope)


async def accept_prices(scope: Scope) -> Cart:
    """The customer has seen today's prices and agrees."""
    lines = await locks.cart(*await same_person.contacts(scope))
    costs = await variants.offered(scope, (line.variant_id for line in lines))
    for line in lines:
        if line.variant_id in costs:
            price = costs[line.variant_id].price
            line.price_seen, line.currency = price.amount, price.currency
            await line.save(update_fields=["price_seen", "currency"])
    return await view(scope)


def summed(lines: Iterable[CartLine]) -> list[CartLine]:
    """One line for each variant, with the quantities of all that a person's contacts have of it; nothing is saved."""
    found: dict[int, CartLine] = {}
    for line in lines:
        first = found.setdefault(line.variant_id, line)
        if first is not line:
            first.quantity += line.quantity
    return list(found.values())


def seen(line: CartLine) -> Money:
    """The price that the customer was shown."""
    return Money(line.price_seen, line.currency)


async def _lines(people: Sequence[int]) -> list[CartLine]:
    return await every(CartLine, f"WHERE contact_id IN ({marks(len(people))}) ORDER BY id", people)


async def _variant(scope: Scope, sku: str) -> Offered:
    found = (await variants.by_sku(scope, [sku])).get(sku)
    if found is None or not found.is_sold:
        raise Refused("no_product", sku=sku)
    return found


def _check_free(scope: Scope, variant: Offered, quantity: int) -> None:
    if quantity > variant.free:
        raise Refused("sold_out", name=variant.name(scope.locale), available=variant.free)


def _line(scope: Scope, variant: Priced, quantity: int) -> CartLine:
    return CartLine(
        contact_id=scope.contact_id,
        product_id=variant.row.product_id,
        variant_id=variant.row.id,
        quantity=quantity,
        price_seen=variant.price.amount,
        currency=variant.price.currency,
        created_at=scope.now,
    )


async def _put(scope: Scope, variant: Priced, quantity: int) -> None:
    """Make it so many in all; the price that the customer saw first stays, so that a change is told."""
    quantity -= await _elsewhere(scope, variant.row.id, quantity)
    if quantity == 0:
        await CartLine.filter(contact_id=scope.contact_id, variant_id=variant.row.id).delete()
        return
    # Of the same contact, at the same moment, on another channel, who comes last is right.
    text, row = insertion([_line(scope, variant, quantity)])
    await execute(client(), [(text + _OR_SO_MANY, row)])


async def _elsewhere(scope: Scope, variant_id: int, most: int) -> int:
    """How many the person's other contacts have of it; more than `most` are taken out there."""
    if scope.person_id is None:
        return 0
    others = [id_ for id_ in await same_person.contacts(scope) if id_ != scope.contact_id]
    lines = CartLine.filter(contact_id__in=others, variant_id=variant_id)
    there = sum([line.quantity for line in await lines])
    if there <= most:
        return there
    await lines.delete()
    return 0


def _cart(scope: Scope, lines: Iterable[CartLine], costs: Mapping[int, Offered]) -> Cart:
    shown = [line for line in lines if line.variant_id in costs]
    items = tuple(_item(line, costs[line.variant_id], scope.locale) for line in shown)
    return Cart(items, _total(items))


def _item(line: CartLine, variant: Offered, locale: str) -> CartItem:
    return CartItem(
        sku=variant.row.sku,
        name=variant.name(locale),
        quantity=line.quantity,
        price=variant.price,
        was=None if seen(line) == variant.price else seen(line),
        available=variant.free if variant.is_sold else 0,
        subtotal=variant.price * line.quantity,
    )


def _total(items: tuple[CartItem, ...]) -> Money | None:
    if not items:
        return None
    total = items[0].subtotal
    for item in items[1:]:
        total = total + item.subtotal
    return total
