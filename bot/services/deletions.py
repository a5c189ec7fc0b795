"""What a person who had a platform ask for their deletion finds under their code: when it was asked, and what was done.

The effect that forgets them is pruned after days, and a page that Meta shows to people must know of it for longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.services.privacy import Extent
from models import Deletion, Effect

#: How long it can be looked up.
KEPT = timedelta(days=400)
#: What can be one: anybody may ask for anything.
_CODE = re.compile(r"[0-9A-Za-z_-]{1,64}")
#: Wishes that are looked at in one query.
_AT_ONCE = 500
#: A wish: account, code, when. The same at every try of the platform.
ASK = "INSERT INTO deletion (account, code, asked_at) VALUES (?,?,?) ON CONFLICT (code) DO NOTHING"


@dataclass(frozen=True, slots=True)
class Fate:
    """How a wish stands: `extent` is None until it was looked at, `done_at` until all is deleted."""

    asked_at: datetime
    done_at: datetime | None
    extent: Extent | None


async def look(code: str, extent: Extent) -> None:
    """Note what there is to delete; what was noted before stays, since by then a part of it may be gone."""
    known = {"messages": extent.messages, "files": extent.files, "orders": extent.orders}
    await Deletion.filter(code=code, messages=None).update(**known)


async def done(code: str, now: datetime) -> None:
    """All of it is deleted."""
    await Deletion.filter(code=code, done_at=None).update(done_at=now)


def effect_key(account: str, code: str) -> str:
    """Of the effect that carries a wish out."""
    return f"forget:{account}:deletion:{code}"


async def settle() -> None:
    """Wishes whose effect is done are done: the release before carries them out, too, and knows of no such row."""
    last = 0
    while waiting := await Deletion.filter(done_at=None, id__gt=last).order_by("id").limit(_AT_ONCE):
        codes = {effect_key(row.account, row.code): row.code for row in waiting}
        over = Effect.filter(key__in=list(codes), state="done", done_at__not_isnull=True)
        for key, done_at in await over.values_list("key", "done_at"):
            await done(codes[key], done_at)
        last = waiting[-1].id


async def fate(code: str) -> Fate | None:
    """None for a code that is none, or that was asked for too long ago."""
    row = await Deletion.get_or_none(code=code) if _CODE.fullmatch(code) else None
    if row is None:
        return None
    return Fate(row.asked_at, row.done_at, _extent(row))


def _extent(row: Deletion) -> Extent | None:
    if row.messages is None or row.files is None or row.orders is None:
        return None
    return Extent(row.messages, row.files, row.orders)


async def prune(now: datetime) -> None:
    """Forget what nobody looks up any more."""
    await Deletion.filter(asked_at__lt=now - KEPT).delete()
