"""Orders: placed from a cart while stock is held, and moved on by steps that each leave an audit row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.money import Money
from bot.core.registry import reads
from bot.services.scope import Scope

ORDER_HOLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One product of an order, with name and price as they were when it was placed."""

    sku: str
    name: str
    quantity: int
    price: Money
    subtotal: Money


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order. Cancelled with a `paid_at` means: the customer waits for their money back."""

    id: int
    number: str
    state: str  # placed | paid | preparing | shipped | completed | cancelled | expired | refunded
    total: Money
    lines: tuple[OrderItem, ...]
    created_at: datetime
    hold_until: datetime | None
    name: str
    address: str
    conversation_id: int | None
    contact_id: int
    paid_at: datetime | None


async def place(scope: Scope, name: str, phone: str, address: str) -> OrderView:
    """Order what is in the cart, hold its stock for `ORDER_HOLD`, and empty the cart.

    Raises `Refused`: "cart_empty", "sold_out"(name, available), "price_changed"(name, old, new); the cart is kept.
    """
    raise NotImplementedError


@reads
async def mine(scope: Scope) -> tuple[OrderView, ...]:
    """The contact's ten newest orders, newest first."""
    raise NotImplementedError


@reads
async def find(scope: Scope, number: str) -> OrderView | None:
    """The contact's own order of that number, however it was typed."""
    raise NotImplementedError


@reads
async def reviewable(scope: Scope) -> tuple[OrderView, ...]:
    """The contact's orders that were paid and have no review yet, newest first."""
    raise NotImplementedError


async def cancel(scope: Scope, number: str) -> OrderView:
    """The customer takes an order back, before it is shipped.

    Raises `Refused`: "no_order", "wrong_state"(number, state).
    """
    raise NotImplementedError


async def advance(order_id: int, step: str, actor: str, now: datetime, note: str = "") -> OrderView:
    """One step by staff: prepare, ship, complete, cancel or refund; `actor` is "staff:<id>".

    Raises `Refused`: "no_order", "wrong_state"(number, state, step), "nothing_paid"(number).
    """
    raise NotImplementedError


async def expire(now: datetime) -> tuple[OrderView, ...]:
    """End unpaid orders whose hold is over and free their stock; returns them, so that customers can be told."""
    raise NotImplementedError
