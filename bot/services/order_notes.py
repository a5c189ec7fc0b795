"""What staff write down about an order for each other: its customer never sees it, and it is forgotten with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import Refused
from bot.services import audit
from models import OrderNote, locks

#: Characters of a note, and notes of an order.
MOST, MANY = 1000, 100


@dataclass(frozen=True, slots=True)
class Note:
    """`staff_id` is None where whoever wrote it is gone."""

    staff_id: int | None
    text: str
    at: datetime


async def add(order_id: int, text: str, staff_id: int, now: datetime) -> None:
    """Write it down, in the caller's transaction. Raises `Refused`: "no_order", "forgotten", "too_many"(most, field).

    One whose customer was forgotten takes none: what staff know of them would be in it.
    """
    order = await locks.order(order_id)
    if order is None:
        raise Refused("no_order")
    if order.conversation_id is None:
        raise Refused("forgotten")
    if await OrderNote.filter(order_id=order_id).count() >= MANY:
        raise Refused("too_many", most=MANY, field="notes")
    await OrderNote.create(order_id=order_id, staff_id=staff_id, text=text, at=now)
    await audit.record(staff_id, "order.note", f"order:{order_id}", now)


async def of_order(order_id: int) -> tuple[Note, ...]:
    """The oldest first."""
    rows = await OrderNote.filter(order_id=order_id).order_by("id")
    return tuple(Note(row.staff_id, row.text, row.at) for row in rows)
