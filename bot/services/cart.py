"""A contact's cart: what they want, at the price that they were shown."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.money import Money
from bot.core.registry import reads
from bot.services.scope import Scope


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
    """The cart at today's prices."""
    raise NotImplementedError


async def add(scope: Scope, sku: str, quantity: int = 1) -> Cart:
    """Put `quantity` more in. Raises `Refused`: "no_product", "bad_quantity", "sold_out"(name, available)."""
    raise NotImplementedError


async def change(scope: Scope, sku: str, quantity: int) -> Cart:
    """Make it `quantity`; 0 removes. Raises `Refused` as `add` does."""
    raise NotImplementedError


async def clear(scope: Scope) -> Cart:
    """Empty the cart."""
    raise NotImplementedError


async def accept_prices(scope: Scope) -> Cart:
    """The customer has seen today's prices and agrees."""
    raise NotImplementedError
