"""Takes what a connected shop says: by this node alone, in a transaction with what tells that it was taken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from bot.core.errors import LeaseLost
from bot.core.store import Page, Store, StoreProduct
from bot.runtime import roll
from bot.runtime.lease import Lease
from bot.runtime.store_bills import Bills
from bot.runtime.store_pictures import Pictures
from bot.runtime.store_sending import Steps
from bot.services import store_following, store_hints, store_orders, store_pictures, store_products, store_states
from bot.services.store_hints import Waiting
from bot.services.store_pictures import Picture
from bot.services.store_products import Shop
from models import locks
from models.database import transaction


class Taking:
    """One shop's."""

    def __init__(
        self, store: Store, lease: Lease, pictures: Pictures, bills: Bills, steps: Steps, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._name = store, store.name
        self._lease, self._clock = lease, clock
        self._pictures, self._bills, self._steps = pictures, bills, steps

    async def page(self, shop: Shop, cursor: str, page: Page) -> bool:
        """The page behind the cursor; False where somebody else took it meanwhile."""
        new = await store_products.changed(shop, page.products)
        fetched = await self._fetch(shop, new)
        try:
            async with self._taking(fetched) as now:
                if not await store_states.move(self._name, cursor, page, now):
                    raise LeaseLost("another node took this page")
                used = await store_products.take(shop, new, fetched, now)
                await store_hints.later(self._name, "product", page.late, now)
        except LeaseLost:
            return False
        await self._pictures.forget([one for one in fetched if one.product not in used])
        return True

    async def look(self, shop: Shop, told: Waiting) -> None:
        """What it told of is asked for, and taken."""
        match told.about:
            case "order":
                await self._order(told)
            case "bill":
                await self._bills.look_at(told)
            case _:
                await self._product(shop, told)

    async def _order(self, told: Waiting) -> None:
        is_ours = await store_orders.of(self._name, told.external_id) is not None
        there = await self._store.order(told.external_id) if is_ours else None
        async with self._taking([]) as now:
            stepped = await self._steps.follow(self._name, there, now) if there else None
            if is_ours and there is None:
                await store_following.lost(self._name, told.external_id, now)
            await store_hints.done(told.ids, now)
        if stepped is not None:
            self._steps.done(stepped)
        if there is not None:
            await self._bills.follow(there)

    async def _product(self, shop: Shop, told: Waiting) -> None:
        there = await self._store.product(told.external_id) if told.about == "product" else None
        fetched = await self._fetch(shop, [there] if there else [])
        used: frozenset[str] = frozenset()
        async with self._taking(fetched) as now:
            if told.about == "product" and there is None:
                await store_products.gone(shop, told.external_id, now)
            elif there is not None:
                used = await store_products.take(shop, [there], fetched, now)
            await store_hints.done(told.ids, now)
        await self._pictures.forget([one for one in fetched if one.product not in used])

    async def _fetch(self, shop: Shop, new: Sequence[StoreProduct]) -> list[Picture]:
        return await self._pictures.fetch(await store_pictures.wanted(shop.store, new))

    @asynccontextmanager
    async def _taking(self, fetched: Sequence[Picture]) -> AsyncIterator[datetime]:
        """A transaction in which this node alone takes something of the shop; pictures go where it does not end."""
        try:
            async with transaction() as connection:
                await roll.assure_node(self._lease.node, connection)
                await locks.store(self._name)
                yield self._clock()
        except BaseException:
            await self._pictures.forget(fetched)
            raise
