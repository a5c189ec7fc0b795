"""Carts that somebody left: each is found once, some hours after the last thing was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services import same_person
from bot.services.unasked import Find, Where, free, theirs
from models import CartLine, Conversation, Order, locks
from models.database import fetch

#: So many in one transaction keep it short; the next tick takes the rest.
AT_ONCE = 100
#: What was left longer than this behind the hour is forgotten: the reminding was off, or nothing ran.
STALE = timedelta(days=7)
_CONTACT = "l.contact_id"
# `last_at` moves with what we say ourselves, too, as of an order: where it is older, nobody need look for their words.
# They are looked for among the last so many messages: a thread in which we alone said more since is no talk any more.
LOOKED_AT = 50
_WROTE = (
    "EXISTS (SELECT 1 FROM message m WHERE m.conversation_id = t.id "  # noqa: S608 - ours
    f"AND m.seq > t.last_seq - {LOOKED_AT} AND m.author = 'customer' AND m.at > ?)"
)
_DUE = (
    "SELECT l.contact_id FROM cart_line l WHERE l.reminded_at IS NULL AND l.created_at <= ? "  # noqa: S608 - ours
    f"AND l.created_at > ? AND NOT EXISTS ({theirs('cart_line', 'n', _CONTACT)} AND n.created_at > ?) "
    f"AND NOT EXISTS ({theirs('conversation', 't', _CONTACT)} "
    f"AND (t.last_at > ? AND {_WROTE} OR EXISTS (SELECT 1 FROM dialog d WHERE d.conversation_id = t.id "
    "AND d.state = 'asking' AND d.background = ? AND d.moved_to_id IS NULL AND d.expire_at IS NOT NULL))) "
    f"AND {free(_CONTACT)} ORDER BY l.created_at, l.id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Left:
    """A person's cart that was left: where they are reached, and a line's id, which no other cart has."""

    where: Where
    line_id: int


async def due(after: timedelta, now: datetime) -> list[int]:
    """Contacts in whose carts something lies for so long that nobody was reminded of, and who have left.

    Whoever put in more or talked since is just there; so is who is asked something that closes by itself. They come
    later, and so do those for whom a person has the word: none of them is among the `AT_ONCE`.
    """
    since = now - after
    found = await fetch(_DUE, (since, since - STALE, since, since, since, False, now, AT_ONCE))
    return list(dict.fromkeys(row["contact_id"] for row in found))


async def take(contact_id: int, after: timedelta, now: datetime, find: Find) -> Left | None:
    """The cart of this contact's person, noted as reminded of, in the caller's transaction.

    None where nothing is to be said: they put in more since, have ordered since, were reminded of this cart, are known
    nowhere any more, or a person has the word, who is asked about again at the next tick.
    """
    people = await same_person.members(contact_id)
    lines = await locks.cart(*people)
    if not lines or max(line.created_at for line in lines) > now - after:
        return None
    talk = await Conversation.filter(contact_id__in=people).order_by("-last_at").first()
    where = await find(talk.id) if talk else None
    if where is not None and where.waits:
        return None
    was_told = any(line.reminded_at for line in lines)
    await CartLine.filter(id__in=[line.id for line in lines]).update(reminded_at=now)
    if where is None or was_told or await _has_ordered(people, lines):
        return None
    return Left(where, lines[0].id)


async def _has_ordered(people: Sequence[int], lines: Sequence[CartLine]) -> bool:
    since = max(line.created_at for line in lines)
    return await Order.filter(contact_id__in=people, created_at__gte=since).exists()
