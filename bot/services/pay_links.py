"""What has become of links to pay: the message that offers one tells whether it can still be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.services import order_states
from models.database import fetch, marks

Fate = Literal["done", "waits", "over"]
"""What has become of a link to pay: there is nothing left to pay, people must look at the money, or it has ended."""
Use = Literal["done", "over"]
_PAID = ("paid", "refunded")


@dataclass(frozen=True, slots=True)
class Offer:
    """A message that offers to pay."""

    lane: str
    conversation_id: int
    seq: int


async def fates(conversation_ids: Collection[int], urls: Collection[str]) -> dict[str, Use]:
    """Links of these conversations' people by address: paid, or no longer payable; those that are open are left out."""
    if not (conversation_ids and urls):
        return {}
    found = await fetch(
        'SELECT pay.url, pay.state, pay.amount, o.total, o.state AS "order", o.paid_at FROM conversation c '  # noqa: S608
        "JOIN contact k ON k.id = c.contact_id LEFT JOIN contact p ON p.person_id = k.person_id "
        'JOIN "order" o ON o.contact_id = COALESCE(p.id, c.contact_id) '
        f"JOIN payment pay ON pay.order_id = o.id WHERE c.id IN ({marks(len(conversation_ids))}) "
        f"AND pay.url IN ({marks(len(urls))})",
        [*conversation_ids, *urls],
    )
    known = {str(row["url"]): _fate(row) for row in found}
    return {url: "done" if known_fate == "done" else "over" for url, known_fate in known.items() if known_fate}


async def fate_of(key: str) -> Fate | None:
    """What has become of the payment of that key; None while it can be paid, and for one that is not ours."""
    found = await fetch(
        'SELECT pay.state, pay.amount, o.total, o.state AS "order", o.paid_at FROM payment pay '
        'JOIN "order" o ON o.id = pay.order_id WHERE pay.key = ?',
        (key,),
    )
    return _fate(found[0]) if found else None


def _fate(row: Any) -> Fate | None:
    payment, order = row["state"], row["order"]
    if payment in _PAID or (order in order_states.EARNED and row["paid_at"] is not None):
        return "done"
    if payment == "mismatch":
        return "waits"
    is_open = payment in ("created", "open") and order == order_states.PLACED
    return None if is_open and row["amount"] == row["total"] else "over"


async def offers(order_ids: Sequence[int]) -> list[Offer]:
    """The messages that offer to pay these orders."""
    links = await fetch(
        "SELECT pay.url, pay.created_at, pay.conversation_id, c.lane FROM payment pay "  # noqa: S608
        "JOIN conversation c ON c.id = pay.conversation_id "
        f"WHERE pay.order_id IN ({marks(len(order_ids))}) AND pay.url <> ''",
        list(order_ids),
    )
    return [offer for link in links for offer in await _offers_of(link)]


async def _offers_of(link: Any) -> list[Offer]:
    found = await fetch(
        "SELECT seq FROM message WHERE conversation_id = ? AND author = 'bot' AND at >= ? AND body LIKE ?",
        (link["conversation_id"], link["created_at"], f"%{link['url']}%"),
    )
    return [Offer(link["lane"], link["conversation_id"], row["seq"]) for row in found]
