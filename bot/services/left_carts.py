"""Carts that somebody left: each is found once, some hours after the last thing was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services import same_person
from models import CartLine, Conversation, Order, locks

#: So many in one transaction keep it short; the next tick takes the rest.
AT_ONCE = 100
#: What was left longer than this behind the hour is forgotten: the reminding was off, or nothing ran.
STALE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Left:
    """A person's cart that was left: where they were last, and a line's id, which no other cart has."""

    conversation_id: int
    line_id: int


async def due(after: timedelta, now: datetime) -> list[int]:
    """Contacts in whose carts something lies for so long that nobody was reminded of."""
    lines = CartLine.filter(reminded_at__isnull=True, created_at__lte=now - after, created_at__gt=now - after - STALE)
    found = await lines.order_by("id").limit(AT_ONCE).values_list("contact_id", flat=True)
    return list(dict.fromkeys(int(id_) for id_ in found))  # type: ignore[call-overload]


async def take(contact_id: int, after: timedelta, now: datetime) -> Left | None:
    """The cart of this contact's person, noted as reminded of, in the caller's transaction.

    None where nothing is to be said: they put in more since, have ordered since, were reminded of this cart, are known
    nowhere any more, or a person has the word, who is asked about again at the next tick.
    """
    people = await same_person.members(contact_id)
    lines = await locks.cart(*people)
    if not lines or max(line.created_at for line in lines) > now - after:
        return None
    talk = await Conversation.filter(contact_id__in=people).order_by("-last_at").first()
    if talk is not None and talk.owner_id is not None:
        return None
    was_told = any(line.reminded_at for line in lines)
    await CartLine.filter(id__in=[line.id for line in lines]).update(reminded_at=now)
    if talk is None or was_told or await _has_ordered(people, lines):
        return None
    return Left(talk.id, lines[0].id)


async def _has_ordered(people: Sequence[int], lines: Sequence[CartLine]) -> bool:
    since = max(line.created_at for line in lines)
    return await Order.filter(contact_id__in=people, created_at__gte=since).exists()
