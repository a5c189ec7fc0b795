"""How far a connected shop was read. The cursor moves in the transaction that takes what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import Refused
from bot.core.store import Page
from bot.services import audit
from models import StoreSync, locks
from models.database import transaction

ERROR = 300  # characters


@dataclass(frozen=True, slots=True)
class SyncView:
    """One shop: `done` of `total` products of this round (None: the shop does not tell), and why it waits.

    When it was compared last, `differed` products were something else there, and `gone` ones were there no more.
    """

    store: str
    cursor: str
    state: str
    done: int
    total: int | None
    began_at: datetime | None
    caught_up_at: datetime | None
    compared_at: datetime | None
    retry_at: datetime | None
    error: str
    asked_at: datetime | None
    differed: int | None
    gone: int | None


async def view(store: str) -> SyncView:
    """How it stands; a shop that is new begins here."""
    row, _ = await StoreSync.get_or_create(store=store)
    return _view(row)


async def known(store: str) -> SyncView | None:
    """How it stands; None where it was never begun."""
    row = await StoreSync.get_or_none(store=store)
    return _view(row) if row else None


async def begin(store: str, now: datetime) -> SyncView:
    """A round begins, or goes on where it stopped."""
    row, _ = await StoreSync.get_or_create(store=store)
    if row.state != "running" and row.state != "waiting":
        row.done, row.total, row.began_at = 0, None, now
    row.state, row.retry_at = "running", None
    await row.save(update_fields=["state", "done", "total", "began_at", "retry_at"])
    return _view(row)


async def move(store: str, before: str, page: Page, now: datetime) -> bool:
    """The page behind the cursor `before` is taken with this transaction; False when somebody else was there first."""
    row = await locks.store(store)
    if row is None or row.cursor != before:
        return False
    row.done += len(page.products)
    row.total = row.done + max(0, page.left - len(page.products)) if page.left is not None else row.total
    row.tries = row.tries if page.cursor == before else 0  # what follows a page may fail at each of its rounds
    row.cursor, row.error = page.cursor, ""
    if not page.more:
        row.state, row.caught_up_at = "idle", now
    await row.save()
    return True


async def wait(store: str, error: str, after: timedelta, now: datetime) -> None:
    """It did not answer: from `after` on it is asked again, for the same page."""
    await _stop(store, "waiting", error, now + after)


async def stop(store: str, error: str) -> None:
    """It refuses us: somebody has to mend that."""
    await _stop(store, "stopped", error, None)


async def tries(store: str) -> int:
    """How often in a row it did not answer."""
    row = await StoreSync.get_or_none(store=store)
    return row.tries if row else 0


async def went_well(store: str) -> None:
    """A round came to its end."""
    await StoreSync.filter(store=store).update(tries=0, error="")


async def ask(store: str, staff_id: int, now: datetime) -> None:
    """Have all of it compared soon; asked again meanwhile, nothing changes.

    Raises `Refused`: "no_store", "store_rests" where it refuses us, or is left alone until its time comes.
    """
    async with transaction():
        row = await locks.store(store)
        if row is None:
            raise Refused("no_store")
        if row.state not in ("running", "idle"):
            raise Refused("store_rests")
        if row.asked_at is None:
            await StoreSync.filter(store=store).update(asked_at=now)
            await audit.record(staff_id, "store.compare", f"store:{store}", now)


async def is_asked(store: str) -> bool:
    """Whether staff wait for it."""
    return await StoreSync.filter(store=store, asked_at__isnull=False).exists()


async def compared(before: SyncView, now: datetime, differed: int, gone: int) -> None:
    """All of it was compared with what is here, and so many products taken; `before` is how it stood before."""
    await StoreSync.filter(store=before.store).update(compared_at=now, differed=differed, gone=gone)
    if before.asked_at is not None:
        await StoreSync.filter(store=before.store, asked_at__lte=before.asked_at).update(asked_at=None)


async def _stop(store: str, state: str, error: str, retry_at: datetime | None) -> None:
    row, _ = await StoreSync.get_or_create(store=store)
    row.state, row.error, row.retry_at, row.tries = state, error[:ERROR], retry_at, row.tries + 1
    await row.save(update_fields=["state", "error", "retry_at", "tries"])


def _view(row: StoreSync) -> SyncView:
    return SyncView(
        row.store,
        row.cursor,
        row.state,
        row.done,
        row.total,
        row.began_at,
        row.caught_up_at,
        row.compared_at,
        row.retry_at,
        row.error,
        row.asked_at,
        row.differed,
        row.gone,
    )
