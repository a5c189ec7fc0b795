"""What shops tell by themselves: kept once each, and whatever is so is asked of the shop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.store import Hint
from models import StoreHint
from models.database import execute, transaction

#: So many are looked at in one go.
MOST = 100
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


async def keep(store: str, hints: Sequence[Hint], now: datetime) -> None:
    """Each delivery once, however often it comes. After it returns the shop may be told 200."""
    rows = [(store, one.key, one.topic, one.about, one.id, now) for one in hints]
    async with transaction() as connection:
        await execute(connection, [(_KEEP, rows)])


async def waiting(store: str) -> list[Waiting]:
    """The oldest ones that nobody looked at, those about the same thing together."""
    rows = await StoreHint.filter(store=store, done_at=None).order_by("id").limit(MOST)
    found: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        found.setdefault((row.about, row.external_id), []).append(row.id)
    return [Waiting(about, external_id, tuple(ids)) for (about, external_id), ids in found.items()]


async def any_waiting(store: str) -> bool:
    """Whether there is one."""
    return await StoreHint.filter(store=store, done_at=None).exists()


async def done(ids: Collection[int], now: datetime) -> None:
    """What these say was looked at."""
    await StoreHint.filter(id__in=list(ids)).update(done_at=now)
