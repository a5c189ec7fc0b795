"""How an order is made of goods that somebody wants: checked, written with its lines, and its stock held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec

from bot.core import postal, postal_form
from bot.core.errors import Refused
from bot.core.postal import NOWHERE, Postal
from bot.services import order_states, stock
from bot.services.contacts import Address
from bot.services.order_numbers import new_number
from bot.services.scope import Scope
from bot.services.variants import Priced
from models import Order, OrderLine
from models.database import Statement
from models.rows import insert_new, insertion

#: So many pieces of each.
Wanted = Sequence[tuple[int, Priced]]
NOTHING: Mapping[int, int] = MappingProxyType({})


def checked(field: str, value: str, most: int, *, blank: bool = False) -> str:
    """What was written in a field. Raises `Refused`: "blank", "too_long"(most) with the field's name."""
    value = value.strip()
    if not value and not blank:
        raise Refused("blank", field=field)
    if len(value) > most:
        raise Refused("too_long", field=field, most=most)
    return value


def person(to: Address, country: str) -> Address:
    """For whom and where to, in that country; an address that is told in parts alone is written of them.

    Raises as `checked` does, and `Refused("bad_address")`(fields: what is wrong with each, by its name).
    """
    if to.postal != NOWHERE and not to.address.strip():
        to = _written(to, country)
    return Address(
        checked("name", to.name, 200),
        checked("phone", to.phone, 64, blank=True),
        checked("address", to.address, 1000),
        country,
        to.postal,
    )


def _written(to: Address, country: str) -> Address:
    told = {"name": to.name, "phone": to.phone, **to.postal.as_dict()}
    wrong = postal_form.problems(country, told, optional=("phone",))
    if not country:
        wrong["country"] = postal_form.MISSING
    if wrong:
        raise Refused("bad_address", fields=wrong)
    parts = postal.tidy(country, postal.within(country, to.postal))
    return replace(to, address=postal.written(country, parts), postal=parts)


def in_parts(postal: Postal) -> str:
    """As an order keeps it; more than it can hold it has as one text only."""
    told = msgspec.json.encode(postal.as_dict()).decode() if postal != NOWHERE else ""
    return told if len(told) <= 2000 else ""


def of_parts(kept: str) -> Postal:
    """The inverse of `in_parts`."""
    return msgspec.json.decode(kept, type=Postal) if kept else NOWHERE


def check_stock(scope: Scope, wanted: Wanted, free: Mapping[int, int], kept: Mapping[int, int] = NOTHING) -> None:
    """That so many are `free`, by variant. Raises `Refused("sold_out")`(name, available).

    Of what is not sold any more there are as many as the order has already: pieces that are `kept`, by variant.
    """
    for quantity, variant in wanted:
        left = free[variant.row.id]
        if not variant.is_sold:
            left = min(left, kept.get(variant.row.id, 0))
        if quantity > left:
            raise Refused("sold_out", name=variant.name(scope.locale), available=left)


async def insert(
    scope: Scope, to: Address, *, total: int, note: str = "", numbers: Callable[[], str] = new_number
) -> Order:
    """A placed order without lines, under a number that no other has; `total` in minor units."""
    order = Order(
        contact_id=scope.contact_id,
        conversation_id=scope.conversation_id,
        account=scope.account,
        state=order_states.PLACED,
        total=total,
        currency=scope.currency,
        name=to.name,
        phone=to.phone,
        address=to.address,
        country=to.country,
        postal=in_parts(to.postal),
        note=note,
        hold_until=scope.now + scope.order_hold,
        created_at=scope.now,
        updated_at=scope.now,
    )
    while True:
        order.number = numbers()
        if await insert_new(order, "number"):
            return order  # else it is taken: one in 10**12, and the next is not


def filled(scope: Scope, order: Order, wanted: Wanted) -> tuple[list[OrderLine], list[Statement]]:
    """Its lines, at these prices, and what writes them, and holds their pieces for as long as it waits to be paid."""
    lines = [
        OrderLine(
            order_id=order.id,
            product_id=variant.row.product_id,
            variant_id=variant.row.id,
            sku=variant.row.sku,
            name=variant.name(scope.locale),
            quantity=quantity,
            price=variant.price.amount,
        )
        for quantity, variant in wanted
    ]
    pieces = [(variant.row, quantity) for quantity, variant in wanted]
    held = stock.held(order.id, pieces, order.hold_until or scope.now + scope.order_hold)
    return lines, [insertion(lines), held]
