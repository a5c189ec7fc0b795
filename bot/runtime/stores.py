"""Reads connected shops, page by page, each page in a transaction of its own; exactly one node reads a shop.

What a shop does not answer, or not whole, is asked again later, from the page where it stopped: the cursor moves with
what is taken. So a process may end anywhere, and two that believe it is theirs take a page once.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import LeaseLost, Retryable, Unauthorised
from bot.core.faults import fault
from bot.core.store import Page, Store
from bot.runtime import roll
from bot.runtime.lease import Lease
from bot.runtime.store_pictures import Pictures, kept
from bot.services import store_products, store_states
from bot.services.filing import Filing, Limits
from bot.services.store_products import Shop
from models.database import Overtaken, transaction

log = logging.getLogger(__name__)

#: Seconds after the first, second, … failure in a row; the last one from then on.
DELAYS = (2.0, 10.0, 30.0, 120.0, 600.0)
#: Seconds until one that refuses us is asked again: somebody has to mend its key meanwhile.
REFUSED = 300.0
#: No shop is believed that asks for a longer rest, seconds.
LONGEST = 3600.0

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Connected:
    """A shop of the configuration: the language of its texts, and after how many seconds it is asked again."""

    store: Store
    language: str
    every: float


class Syncing:
    """One shop."""

    def __init__(self, connected: Connected, lease: Lease, filing: Filing, limits: Limits, clock: Clock) -> None:
        self._store, self._every = connected.store, connected.every
        self._name = connected.store.name
        self._shop = Shop(self._name, connected.language)
        self._lease, self._clock = lease, clock
        self._pictures = Pictures(connected.store, filing, limits, clock)
        self._hinted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read it from time to time."""
        self._task = asyncio.create_task(self._watch(), context=contextvars.Context(), name=f"store:{self._name}")

    async def stop(self) -> None:
        """Leave it; the page under way is read again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hint(self) -> None:
        """Something changed there: look at once."""
        self._hinted.set()

    async def _watch(self) -> None:
        while True:
            rest = await self._try()
            self._hinted.clear()
            try:
                async with asyncio.timeout(rest):
                    await self._hinted.wait()
            except TimeoutError:
                continue

    async def _try(self) -> float:
        """Read what there is; seconds until the next time."""
        try:
            await self.round()
        except (LeaseLost, Overtaken):
            return self._every
        except Retryable as error:
            return await self._wait(error)
        except Unauthorised as error:
            await store_states.stop(self._name, str(error))
            log.warning("a shop refuses us: %s", error, extra={"action": "store.refused", "store": self._name})
            return REFUSED
        except Exception as error:
            log.error("a shop could not be read", extra={"action": "store.failed", "store": self._name} | fault(error))
            return await self._wait(Retryable(f"the page could not be taken ({type(error).__name__}), see the log"))
        return self._every

    async def _wait(self, error: Retryable) -> float:
        tries = await store_states.tries(self._name)
        rest = max(DELAYS[min(tries, len(DELAYS) - 1)], min(error.after or 0.0, LONGEST))
        await store_states.wait(self._name, str(error), timedelta(seconds=rest), self._clock())
        log.warning("a shop is asked again later: %s", error, extra={"action": "store.waits", "store": self._name})
        return rest

    async def round(self) -> None:
        """Read all that was changed since the last time. Raises what the shop raises, and `DatabaseBusy`."""
        if not await self._is_ours():
            return
        sync = await store_states.begin(self._name, self._clock())
        shop = await self._places()
        more = True
        while more and await self._is_ours():
            page = await self._store.page(sync.cursor)
            if not await self._take(shop, sync.cursor, page):
                return
            more, sync = page.more, await store_states.view(self._name)

    async def _is_ours(self) -> bool:
        """Whether this node reads it, and may go on."""
        if not self._lease.is_shared:
            return True
        return self._lease.lasts() and await roll.take_duty(f"store:{self._name}", self._lease.node)

    async def _places(self) -> Shop:
        there = await self._store.places()
        async with transaction():
            return await store_products.known_places(self._shop, there)

    async def _take(self, shop: Shop, cursor: str, page: Page) -> bool:
        new = await store_products.changed(shop, page.products)
        fetched = await self._pictures.fetch(await store_products.wanted_pictures(shop, new))
        is_taken = False
        try:
            async with transaction() as connection:
                await roll.assure_node(self._lease.node, connection)
                is_taken = await store_states.move(self._name, cursor, page, self._clock())
                if is_taken:
                    await store_products.take(shop, new, await kept(fetched, self._clock()), self._clock())
        except BaseException:
            await self._pictures.forget(fetched)
            raise
        if not is_taken:
            await self._pictures.forget(fetched)
        return is_taken


class Stores:
    """All connected shops."""

    def __init__(
        self, connected: Sequence[Connected], lease: Lease, filing: Filing, limits: Limits, clock: Clock
    ) -> None:
        self._connected = {one.store.name: one.store for one in connected}
        self._syncing = {one.store.name: Syncing(one, lease, filing, limits, clock) for one in connected}

    @property
    def names(self) -> tuple[str, ...]:
        """Which there are."""
        return tuple(self._connected)

    def start(self) -> None:
        """Read them from here on."""
        for one in self._syncing.values():
            one.start()

    async def stop(self) -> None:
        """Leave them."""
        await asyncio.gather(*(one.stop() for one in self._syncing.values()))

    async def close(self) -> None:
        """Close their connections."""
        await asyncio.gather(*(one.close() for one in self._connected.values()))
