"""A contact's cart: what they want, at the price that they were shown."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import stock
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
    lines = (
        await CartLine.filter(contact_id=scope.contact_id, product__currency=scope.currency)
        .order_by("id")
        .select_related("product")
    )
    free = await stock.available((line.product for line in lines), scope.now)
    items = tuple(_item(line, free[line.product_id], scope.locale) for line in lines)
    return Cart(items, _total(items))


async def add(scope: Scope, sku: str, quantity: int = 1) -> Cart:
    """Put `quantity` more in. Raises `Refused`: "no_product", "bad_quantity", "sold_out"(name, available)."""
    if quantity < 1:
        raise Refused("bad_quantity", quantity=quantity)
    product = await _product(scope, sku)
    lines = await locks.cart(scope.contact_id)
    there = next((line for line in lines if line.product_id == product.id), None)
    await _check_stock(scope, product, quantity + (there.quantity if there else 0))
    await _put(scope, product, quantity + (there.quantity if there else 0))
    return await view(scope)


async def change(scope: Scope, sku: str, quantity: int) -> Cart:
    """Make it `quantity`; 0 removes, also what is no longer for sale. Raises `Refused` as `add` does."""
    if quantity < 0:
        raise Refused("bad_quantity", quantity=quantity)
    if quantity == 0:
        await CartLine.filter(contact_id=scope.contact_id, product__sku=sku).delete()
        return await view(scope)
    product = await _product(scope, sku)
    await _check_stock(scope, product, quantity)
    await _put(scope, product, quantity)
    return await view(scope)


async def clear(scope: Scope) -> Cart:
    """Empty the cart."""
    await CartLine.filter(contact_id=scope.contact_id).delete()
    return await view(scope)


async def accept_prices(scope: Scope) -> Cart:
    """The customer has seen today's prices and agrees."""
    for line in await locks.cart(scope.contact_id):
        await line.fetch_related("product")
        line.price_seen = line.product.price
        await line.save(update_fields=["price_seen"])
    return await view(scope)


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
    """Set the line, or make it; the price that the customer saw first stays, so that a change is told."""
    line = CartLine.filter(contact_id=scope.contact_id, product_id=product.id)
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
