"""Who wants to hear that something sold out is back: each of them is told once, when there is a piece for them.

Of no piece two are told at once: for some hours it is left for who was told first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.registry import reads
from bot.services import same_person, stock
from bot.services.scope import Scope
from bot.services.unasked import Find, Where, free, theirs
from bot.services.variants import Offered, by_sku
from models import Contact, StockAlert, StockTold, locks
from models.database import fetch, transaction

#: For so long a piece is left for who was told of it.
THEIRS = timedelta(hours=6)
#: So many in one transaction; the next tick takes the rest.
AT_ONCE = 100
_WAITED_FOR = (
    "SELECT DISTINCT a.variant_id FROM stock_alert a JOIN variant v ON v.id = a.variant_id "
    "JOIN product p ON p.id = v.product_id WHERE v.active AND p.active ORDER BY a.variant_id"
)
_WHO = (
    f"SELECT a.id FROM stock_alert a WHERE a.variant_id = ? AND {free('a.contact_id')} "  # noqa: S608
    "ORDER BY a.id LIMIT ?"
)
# Who was told and ordered it has a piece that is held or sold, or had one that is free again.
_ORDERS = theirs('"order"', "o", "t.contact_id")
_LEFT = (
    f"SELECT t.variant_id, COUNT(*) AS pieces FROM stock_told t WHERE t.until > ? AND NOT EXISTS ({_ORDERS} "  # noqa: S608
    "AND o.created_at >= t.at AND EXISTS (SELECT 1 FROM order_line l WHERE l.order_id = o.id "
    "AND l.variant_id = t.variant_id)) GROUP BY t.variant_id"
)
_PREFIX = "back:"


def name(alert_id: int) -> str:
    """The `client_id` of the message that tells it, and the key of the inbound that leads to it."""
    return f"{_PREFIX}{alert_id}"


def is_named(client_id: str) -> bool:
    """Whether a message of this `client_id` tells that something is back."""
    return client_id.startswith(_PREFIX)


@dataclass(frozen=True, slots=True)
class Back:
    """What is back: the variant's sku, what it is called, and how many there are."""

    sku: str
    name: str
    available: int


async def ask(scope: Scope, sku: str) -> str:
    """Tell this person when it is back; returns what it is called. Asking twice is asking once.

    Raises `Refused("no_product")`.
    """
    found = await _sold(scope, sku)
    if found is None:
        raise Refused("no_product", sku=sku)
    await _add(scope, found.row.id)
    return found.name(scope.locale)


@reads
async def look(scope: Scope, sku: str) -> Back | None:
    """What is told now; None where it is no longer for sale, or gone again."""
    found = await _sold(scope, sku)
    return Back(sku, found.name(scope.locale), found.free) if found and found.free else None


async def again(scope: Scope, sku: str) -> None:
    """It went before they could be told: the next time, then."""
    found = await _sold(scope, sku)
    if found is not None:
        await _add(scope, found.row.id)


async def pass_on(scope: Scope, sku: str) -> None:
    """They are not told after all: the piece that was left for them is for the next one."""
    people = await same_person.contacts(scope)
    await StockTold.filter(contact_id__in=people, variant__sku=sku).delete()


async def due(now: datetime) -> list[int]:
    """Ids of those who can be told: of each variant who asked first, as many as there are pieces left for nobody.

    `AT_ONCE` at most. Who talks with a person keeps nobody else waiting.
    """
    wanted = [int(row["variant_id"]) for row in await fetch(_WAITED_FOR)]
    free = await stock.available(wanted, now) if wanted else {}
    left = await _left(now) if free else {}
    room = AT_ONCE
    found: list[tuple[int, list[int]]] = []
    for variant, pieces in ((id_, pieces - left.get(id_, 0)) for id_, pieces in free.items()):
        if pieces <= 0:
            continue
        ids = [int(row["id"]) for row in await fetch(_WHO, (variant, now, min(pieces, room)))]
        room -= len(ids)
        found += [(variant, ids)] if ids else []
        if not room:  # those of the other variants come with the next tick
            break
    left = await _left(now) if found else {}  # another node may have told the first ones meanwhile
    return [id_ for variant, ids in found for id_ in ids[: max(0, free[variant] - left.get(variant, 0))]]


async def _left(now: datetime) -> dict[int, int]:
    """Pieces by variant that are left for who was told of them."""
    return {int(row["variant_id"]): int(row["pieces"]) for row in await fetch(_LEFT, (now,))}


async def take(ids: Sequence[int], find: Find, now: datetime) -> list[tuple[StockAlert, Where]]:
    """These, with their variants, and where each is told; nobody else takes them any more.

    A piece is left for each who is told, at night until some hours after it. Of two nodes at once one gets them. While
    a person has the word where they would be told, they wait.
    """
    there = [(row, await find(row.conversation_id)) for row in await locks.stock_alerts(ids)]
    taken = [(row, where) for row, where in there if where is None or not where.waits]
    await StockAlert.filter(id__in=[row.id for row, _ in taken]).delete()
    told = await _once([(row, where) for row, where in taken if where])
    await StockTold.filter(until__lte=now).delete()
    await StockTold.bulk_create([_told(row, now, where.morning or now) for row, where in told])
    return told


async def _once(told: list[tuple[StockAlert, Where]]) -> list[tuple[StockAlert, Where]]:
    """Without who waits for it as the same person in another app, too: they are told once, and wait no more."""
    asked = Contact.filter(id__in=[row.contact_id for row, _ in told]).exclude(person_id=None)
    person_of = dict(await asked.values_list("id", "person_id"))
    first: dict[tuple[str, int], tuple[StockAlert, Where]] = {}
    for row, where in told:
        person = person_of.get(row.contact_id)
        first.setdefault((f"person:{person}" if person else f"contact:{row.contact_id}", row.variant_id), (row, where))
    for row, _ in first.values():
        if row.contact_id in person_of:
            members = await same_person.members(row.contact_id)
            await StockAlert.filter(contact_id__in=members, variant_id=row.variant_id).delete()
    return list(first.values())


def _told(row: StockAlert, now: datetime, told_at: datetime) -> StockTold:
    return StockTold(contact_id=row.contact_id, variant_id=row.variant_id, at=now, until=told_at + THEIRS)


async def _sold(scope: Scope, sku: str) -> Offered | None:
    found = (await by_sku(scope, [sku])).get(sku)
    return found if found and found.is_sold else None


async def _add(scope: Scope, variant_id: int) -> None:
    people = await same_person.contacts(scope)
    await StockTold.filter(contact_id__in=people, variant_id=variant_id).delete()
    if await StockAlert.filter(contact_id__in=people, variant_id=variant_id).exists():
        return
    try:
        async with transaction():
            await StockAlert.create(
                contact_id=scope.contact_id,
                variant_id=variant_id,
                conversation_id=scope.conversation_id,
                created_at=scope.now,
            )
    except IntegrityError:  # the same contact, at the same moment, on another channel
        return
