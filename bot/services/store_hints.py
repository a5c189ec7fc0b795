"""What shops tell by themselves: kept once each, and whatever is so is asked of the shop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bot.core.store import About, Hint
from models import StoreHint
from models.database import execute, transaction

#: So many are looked at in one go.
MOST = 100
#: After the first, second, … time that it could not be; the last one from then on.
RESTS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1))
_KEEP = (
    "INSERT INTO store_hint (store, key, topic, about, external_id, at) VALUES (?,?,?,?,?,?) "
    "ON CONFLICT (store, key) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something of a shop to look at: `ids` are the rows that say so."""

    about: str
    external_id: str
    ids: tuple[int, ...]
    tries: int = 0


async def keep(store: str, hints: Sequence[Hint], now: datetime) -> None:
    """Each delivery once, however often it comes. After it returns the shop may be told 200."""
    rows = [(store, one.key, one.topic, one.about, one.id, now) for one in hints]
    async with transaction() as connection:
        await execute(connection, [(_KEEP, rows)])


async def waiting(store: str, now: datetime) -> list[Waiting]:
    """The oldest ones that nobody looked at and whose time has come, those about the same thing together."""
    found: dict[tuple[str, str], list[StoreHint]] = {}
    for row in await _due(store, now).order_by("id").limit(MOST):
        found.setdefault((row.about, row.external_id), []).append(row)
    return [
        Waiting(about, external_id, tuple(row.id for row in rows), max(row.tries for row in rows))
        for (about, external_id), rows in found.items()
    ]


async def any_waiting(store: str, now: datetime) -> bool:
    """Whether there is one."""
    return await _due(store, now).exists()


def _due(store: str, now: datetime) -> QuerySet[StoreHint]:
    return StoreHint.filter(Q(retry_at__isnull=True) | Q(retry_at__lte=now), store=store, done_at=None)


async def open_(store: str, about: About, ids: Collection[str]) -> frozenset[str]:
    """Those of these that are to be looked at in any case."""
    rows = StoreHint.filter(store=store, about=about, external_id__in=list(ids), done_at=None)
    return frozenset([str(id_) for id_ in await rows.values_list("external_id", flat=True)]) if ids else frozenset()


async def later(store: str, about: About, ids: Collection[str], now: datetime) -> None:
    """These could not be looked at with the others: each by itself, where nobody told of it already."""
    waits = await open_(store, about, ids)
    for id_ in (one for one in ids if one not in waits):
        await put_off(store, Waiting(about, id_, ()), now)


async def put_off(store: str, told: Waiting, now: datetime) -> None:
    """It could not be looked at: once more later, however nobody told of it."""
    later = now + RESTS[min(told.tries, len(RESTS) - 1)]
    if told.ids:
        await StoreHint.filter(id__in=list(told.ids)).update(tries=told.tries + 1, retry_at=later)
        return
    key = f"again:{told.about}:{told.external_id}:{now.timestamp():.0f}"[:128]
    waits = {"topic": "ours", "about": told.about, "external_id": told.external_id, "at": now}
    await StoreHint.get_or_create(waits | {"tries": 1, "retry_at": later}, store=store, key=key)


async def done(ids: Collection[int], now: datetime) -> None:
    """What these say was looked at."""
    await StoreHint.filter(id__in=list(ids)).update(done_at=now)
