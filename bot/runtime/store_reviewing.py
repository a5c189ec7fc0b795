"""Shares reviews with a connected shop: brings ours there, once each, and reads what was written there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core import deadline
from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.core.reviewing import HasReviews, key_in
from bot.core.store import Store
from bot.runtime.lease import Lease
from bot.runtime.store_sending import IN_A_ROW
from bot.services import store_reviews
from bot.services.store_orders import UNKNOWN
from bot.services.store_reviews import Due
from models.database import transaction


class Reviewing:
    """One shop's; `is_ours`: whether this node may go on. Of a shop that shares none there is nothing to do.

    Nothing leaves after its `lease` is over.
    """

    def __init__(
        self, store: Store, lease: Lease, is_ours: Callable[[], Awaitable[bool]], clock: Callable[[], datetime]
    ) -> None:
        self._store = store if isinstance(store, HasReviews) and store.takes_reviews else None
        self._name, self._lease, self._is_ours, self._clock = store.name, lease, is_ours, clock
        self._rests_until = clock()

    async def is_told(self) -> bool:
        """Whether something is to be sent; not so soon after the shop would have none of it."""
        now = self._clock()
        return self._store is not None and now >= self._rests_until and await store_reviews.any_due(self._name, now)

    async def run(self) -> None:
        """Bring what is due; read the newest, page by page, until one says nothing that was not known.

        Raises what the shop raises.
        """
        if self._store is None:
            return
        failed = 0
        for one in await store_reviews.due(self._name, self._clock()):
            if not await self._is_ours():
                return
            error = await self._attempt(self._store, one)
            failed = failed + 1 if error is not None else 0
            if error is not None and (failed == IN_A_ROW or isinstance(error, Unauthorised) or error.after is not None):
                self._rests_until = self._clock() + UNKNOWN
                raise error
        page = 1
        while await self._is_ours():
            there = await self._store.reviews(page)
            async with transaction():
                changed = await store_reviews.take(self._name, there, self._clock())
            if not changed:
                return
            page += 1

    async def compare(self) -> None:
        """Once a day, all that is there: what was changed or deleted is so here, too."""
        if self._store is None:
            return
        found: dict[str, str] = {}
        page = 1
        while await self._is_ours() and (there := await self._store.reviews(page)):
            found |= {one.id: key_in(one.email) for one in there}
            async with transaction():
                await store_reviews.take(self._name, there, self._clock())
            page += 1
        if await self._is_ours():
            async with transaction():
                await store_reviews.compared(self._name, found)

    async def _attempt(self, store: HasReviews, one: Due) -> StoreUnavailable | Unauthorised | None:
        """Why it could not be brought now."""
        try:
            with deadline.until(self._lease.until):
                await self._bring(store, one)
        except (StoreUnavailable, Unauthorised) as error:
            await store_reviews.later(one.row, str(error), self._clock())
            return error
        except BadInput as error:
            await store_reviews.refused(one.row, str(error))
        return None

    async def _bring(self, store: HasReviews, one: Due) -> None:
        if one.out is None:
            await self._take_away(store, one)
            return
        if not (there := one.id or (await store.find_review(one.key) if one.is_tried else "")):
            if not await store_reviews.trying(one.row, self._clock()):
                return
            there = await store.add_review(one.out)
        await store_reviews.sent(one.row, there)

    async def _take_away(self, store: HasReviews, one: Due) -> None:
        """All of it: the shop may have one of ours twice, as one that was restored."""
        there = one.id or await store.find_review(one.key)
        dropped: set[str] = set()
        while there and there not in dropped:
            await store.drop_review(there)
            dropped.add(there)
            there = await store.find_review(one.key) if one.key else ""
        await store_reviews.ended(one.row)
