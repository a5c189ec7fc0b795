"""A person's cart: what they want, at the price that they were shown, in whichever app they said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import same_person, stock
from bot.services.scope import Scope, words
from models import CartLine, Product, locks
from models.database import transaction


@dataclass(frozen=True, slots=True)
class CartItem:
    """One product of the cart; `was` is the price that the customer saw, when it has changed since."""

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
    """The cart at today's prices. What is no longer for sale shows with nothing available."""
    people = await same_person.contacts(scope)
    found = CartLine.filter(contact_id__in=people, product__currency=scope.currency)
    lines = summed(await found.order_by("id").select_related("product"))
    free = await stock.available((line.product for line in lines), scope.now)
    items = tuple(_item(line, free[line.product_id], scope.locale) for line in lines)
    return Cart(items, _total(items))


async def add(scope: Scope, sku: str, quantity: int = 1) -> Cart:
    """Put `quantity` more in. Raises `Refused`: "no_product", "bad_quantity", "sold_out"(name, available)."""
    if quantity < 1:
        raise Refused("bad_quantity", quantity=quantity)
    product = await _product(scope, sku)
    lines = await locks.cart(*await same_person.contacts(scope))
    wanted = quantity + sum(line.quantity for line in lines if line.product_id == product.id)
    await _check_stock(scope, product, wanted)
    await _put(scope, product, wanted)
    return await view(scope)


async def change(scope: Scope, sku: str, quantity: int) -> Cart:
    """Make it `quantity`; 0 removes, also what is no longer for sale. Raises `Refused` as `add` does."""
    if quantity < 0:
        raise Refused("bad_quantity", quantity=quantity)
    if quantity == 0:
        await CartLine.filter(contact_id__in=await same_person.contacts(scope), product__sku=sku).delete()
        return await view(scope)
    product = await _product(scope, sku)
    await _check_stock(scope, product, quantity)
    await _put(scope, product, quantity)
    return await view(scope)


async def clear(scope: Scope) -> Cart:
    """Empty the cart."""
    await CartLine.filter(contact_id__in=await same_person.contacts(scope)).delete()
    return await view(scope)


async def accept_prices(scope: Scope) -> Cart:
    """The customer has seen today's prices and agrees."""
    for line in await locks.cart(*await same_person.contacts(scope)):
        await line.fetch_related("product")
        line.price_seen = line.product.price
        await line.save(update_fields=["price_seen"])
    return await view(scope)


def summed(lines: Iterable[CartLine]) -> list[CartLine]:
    """One line for each product, with the quantities of all that a person's contacts have of it; nothing is saved."""
    found: dict[int, CartLine] = {}
    for line in lines:
        first = found.setdefault(line.product_id, line)
        if first is not line:
            first.quantity += line.quantity
    return list(found.values())


async def _product(scope: Scope, sku: str) -> Product:
    product = await Product.filter(sku=sku, active=True, currency=scope.currency).first()
    if product is None:
        raise Refused("no_product", sku=sku)
    return product


async def _check_stock(scope: Scope, product: Product, quantity: int) -> None:
    free = (await stock.available([product], scope.now))[product.id]
    if quantity > free:
        raise Refused("sold_out", name=words(product.name, scope.locale), available=free)


async def _put(scope: Scope, product: Product, quantity: int) -> None:
    """Make it so many in all; the price that the customer saw first stays, so that a change is told."""
    quantity -= await _elsewhere(scope, product, quantity)
    line = CartLine.filter(contact_id=scope.contact_id, product_id=product.id)
    if quantity == 0:
        await line.delete()
        return
    if await line.update(quantity=quantity):
        return
    try:
        async with transaction():
            await CartLine.create(
                contact_id=scope.contact_id,
                product_id=product.id,
                quantity=quantity,
                price_seen=product.price,
                created_at=scope.now,
            )
    except IntegrityError:  # the same contact, at the same moment, on another channel
        await line.update(quantity=quantity)


async def _elsewhere(scope: Scope, product: Product, most: int) -> int:
    """How many the person's other contacts have of it; more than `most` are taken out there."""
    if scope.person_id is None:
        return 0
    others = [id_ for id_ in await same_person.contacts(scope) if id_ != scope.contact_id]
    lines = CartLine.filter(contact_id__in=others, product_id=product.id)
    there = sum([line.quantity for line in await lines])
    if there <= most:
        return there
    await lines.delete()
    return 0


def _item(line: CartLine, free: int, locale: str) -> CartItem:
    product = line.product
    price = Money(product.price, product.currency)
    return CartItem(
        sku=product.sku,
        name=words(product.name, locale),
        quantity=line.quantity,
        price=price,
        was=None if line.price_seen == product.price else Money(line.price_seen, product.currency),
        available=free if product.active else 0,
        subtotal=price * line.quantity,
    )


def _total(items: tuple[CartItem, ...]) -> Money | None:
    if not items:
        return None
    total = items[0].subtotal
    for item in items[1:]:
        total = total + item.subtotal
    return total
