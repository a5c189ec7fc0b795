"""What happened to an order step by step, and how its customer was told of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.services import order_news, order_states
from bot.services.rows import moment
from models.database import fetch


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an order, who took it, and how the customer was told; None where nothing was said of it."""

    from_state: str
    to_state: str
    actor: str
    note: str
    at: datetime
    told: order_news.Told | None = None
    what: str = ""  # see `OrderEvent`


async def steps(order_id: int, number: str, contact_id: int) -> tuple[Step, ...]:
    """All of an order, the oldest first."""
    found = await fetch(
        "SELECT id, from_state, to_state, actor, note, at, what, shipment_id FROM order_event WHERE order_id = ? "
        "ORDER BY id",
        (order_id,),
    )
    names = [_news_of(row, number) for row in found]
    told = await order_news.told(contact_id, [name for name in names if name])
    return tuple(
        Step(
            row["from_state"],
            row["to_state"],
            row["actor"],
            row["note"],
            moment(row["at"]),
            told.get(name),
            row["what"],
        )
        for row, name in zip(found, names, strict=True)
    )


def _news_of(step: Any, number: str) -> str:
    """The name of the message that tells of it; "" of money, which leaves the state as it is."""
    if step["what"] == "cancelled":
        return order_news.cancelled_name(number, step["id"])
    if step["what"] == "tracked":
        return order_news.tracked_name(number, step["id"])
    if step["to_state"] == order_states.PARTLY and step["shipment_id"]:
        return order_news.part_name(number, step["shipment_id"])
    return order_news.name(number, step["to_state"]) if step["to_state"] != step["from_state"] else ""
