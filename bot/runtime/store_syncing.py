"""Reads connected shops, page by page, each page in a transaction of its own; exactly one node reads a shop.

What a shop does not answer, or not whole, is asked again later, from the page where it stopped: the cursor moves with
what is taken. So a process may end anywhere, and two that believe it is theirs take a page once.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.deadline import elapsed
from bot.core.errors import BadInput, DatabaseBusy, LeaseLost, Retryable, Unauthorised
from bot.core.faults import fault
from bot.core.store import Page, Store, StoreProduct
from bot.runtime import roll
from bot.runtime.lease import Lease
from bot.runtime.store_bills import Bills
from bot.runtime.store_pictures import Fetched, Pictures, kept
from bot.runtime.store_reviewing import Reviewing
from bot.runtime.store_sending import Sending, Steps
from bot.services import order_states, store_hints, store_orders, store_products, store_states
from bot.services.filing import Filing, Limits
from bot.services.store_hints import Waiting
from bot.services.store_products import Shop
from bot.services.store_reading import Problem
from models import locks
from models.database import Overtaken, transaction

log = logging.getLogger(__name__)

#: Seconds after the first, second, … failure in a row; the last one from then on.
DELAYS = (2.0, 10.0, 30.0, 120.0, 600.0)
#: Seconds until one that refuses us is asked again: somebody has to mend its key meanwhile.
REFUSED = 300.0
#: No shop is believed that asks for a longer rest, seconds.
LONGEST = 3600.0
#: Seconds after which it is looked at whether a shop still tells us, and whether another node was told.
RESUBSCRIBE, LOOK = 3600.0, 2.0
#: After so long all of it is compared with what is here.
DAY = timedelta(days=1)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Connected:
    """A shop of the configuration: the language of its texts, and after how many seconds it is asked again.

    `hook` is where it posts what happens; "" where it cannot reach us.
    """

    store: Store
    language: str
    every: float
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """Seconds until a shop is asked again; sooner when it tells something, unless it asked to be left alone."""

    seconds: float
    is_quiet: bool = False


class Syncing:
    """One shop."""

    def __init__(
        self, connected: Connected, lease: Lease, filing: Filing, limits: Limits, clock: Clock, steps: Steps
    ) -> None:
        self._steps = steps
        self._sending = Sending(connected.store, lease, self._is_ours, clock)
        self._bills = Bills(connected.store, steps, clock)
        self._reviewing = Reviewing(connected.store, self._is_ours, clock)
        self._store, self._every, self._hook = connected.store, connected.every, connected.hook
        self._name = connected.store.name
        self._shop = Shop(self._name, connected.language)
        self._lease, self._clock = lease, clock
        self._pictures = Pictures(connected.store, filing, limits, clock)
        self._hinted = asyncio.Event()
        self._subscribed_at = -math.inf
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
            self._hinted.clear()
            try:
                await self._rest(await self.attempt())
            except Exception as error:
                # The database may be away for a moment: nobody else would begin to read this shop again.
                facts = {"action": "store.watch", "store": self._name}
                log.error("a shop could not be looked after", extra=facts | fault(error))
                await asyncio.sleep(DELAYS[0])

    async def _rest(self, rest: Rest) -> None:
        ends = elapsed() + rest.seconds
        while (left := ends - elapsed()) > 0:
            if rest.is_quiet:
                await asyncio.sleep(left)
                return
            try:
                async with asyncio.timeout(min(left, LOOK)):
                    await self._hinted.wait()
                return
            except TimeoutError:  # another node may have been told, or an order was paid
                if await self._is_told():
                    return

    async def _is_told(self) -> bool:
        try:
            now = self._clock()
            is_sending = await store_orders.any_due(self._name, now) or await self._reviewing.is_told()
            return is_sending or await store_hints.any_waiting(self._name)
        except Retryable:
            return False

    async def attempt(self) -> Rest:
        """Read what there is, whatever comes of it."""
        try:
            await self.round()
        except (LeaseLost, Overtaken):
            return Rest(self._every, is_quiet=True)
        except DatabaseBusy:
            return Rest(DELAYS[0], is_quiet=True)
        except Retryable as error:
            return await self._wait(error)
        except Unauthorised as error:
            await store_states.stop(self._name, str(error))
            log.warning("a shop refuses us: %s", error, extra={"action": "store.refused", "store": self._name})
            return Rest(REFUSED, is_quiet=True)
        except Exception as error:
            log.error("a shop could not be read", extra={"action": "store.failed", "store": self._name} | fault(error))
            return await self._wait(Retryable(f"the page could not be taken ({type(error).__name__}), see the log"))
        return Rest(self._every)

    async def _wait(self, error: Retryable) -> Rest:
        tries = await store_states.tries(self._name)
        rest = max(DELAYS[min(tries, len(DELAYS) - 1)], min(error.after or 0.0, LONGEST))
        await store_states.wait(self._name, str(error), timedelta(seconds=rest), self._clock())
        log.warning("a shop is asked again later: %s", error, extra={"action": "store.waits", "store": self._name})
        return Rest(rest, is_quiet=True)

    async def round(self) -> None:
        """Read all that was changed since the last time, and look at what it told.

        Raises what the shop raises, and `DatabaseBusy`.
        """
        if not await self._is_ours():
            return
        sync = await store_states.begin(self._name, self._clock())
        shop = await self._places()
        await self._subscribe()
        await self._bills.run()
        await self._sending.run()
        more = True
        while more and await self._is_ours():
            page = await self._store.page(sync.cursor)
            if not await self._take(shop, sync.cursor, page):
                return
            more, sync = page.more, await store_states.view(self._name)
        await self._follow(shop)
        await self._reviewing.run()
        await self._compare(shop)

    async def _compare(self, shop: Shop) -> None:
        """Once a day, all that is there with all that is here: what differs is asked for and taken."""
        sync = await store_states.view(self._name)
        if sync.compared_at is not None and self._clock() - sync.compared_at < DAY:
            return
        there: set[str] = set()
        found = 0
        async for some in self._store.every():
            there |= {one.id for one in some}
            found += await self._mend(shop, await store_products.differing(shop, some))
        gone = await self._mend(shop, await store_products.missing(shop, there))
        for id_ in await store_orders.to_send(self._name, order_states.AT_HOME):
            if await self._is_ours():
                await self._look_at_order(Waiting("order", id_, ()))
        await self._reviewing.compare()
        if await self._is_ours():
            await store_states.compared(self._name, self._clock())
            facts = {"action": "store.compared", "store": self._name, "differ": found, "gone": gone}
            log.info("a shop was compared: %d products differed, %d were gone", found, gone, extra=facts)

    async def _mend(self, shop: Shop, ids: Sequence[str]) -> int:
        for id_ in ids:
            if await self._is_ours():
                await self._look(shop, Waiting("product", id_, ()))
        return len(ids)

    async def _subscribe(self) -> None:
        """Now and then: a shop takes away what failed too often. Without it, all is found by asking."""
        if not self._hook or elapsed() - self._subscribed_at < RESUBSCRIBE:
            return
        self._subscribed_at = elapsed()
        try:
            await self._store.subscribe(self._hook)
        except (BadInput, Unauthorised) as error:
            await store_products.trouble(self._name, Problem("no_webhooks", {"why": str(error)}), self._clock())
        else:
            await store_products.trouble(self._name, None, self._clock())

    async def _follow(self, shop: Shop) -> None:
        """What it told of is asked for, and taken."""
        while await self._is_ours() and (told := await store_hints.waiting(self._name)):
            for one in told:
                match one.about:
                    case "order":
                        await self._look_at_order(one)
                    case "bill":
                        await self._bills.look_at(one)
                    case _:
                        await self._look(shop, one)

    async def _look_at_order(self, told: Waiting) -> None:
        is_ours = await store_orders.of(self._name, told.external_id) is not None
        there = await self._store.order(told.external_id) if is_ours else None
        async with self._taking([]) as now:
            stepped = await self._steps.follow(self._name, there, now) if there else None
            await store_hints.done(told.ids, now)
        if stepped is not None:
            self._steps.done(stepped)
        if there is not None:
            await self._bills.follow(there)

    async def _look(self, shop: Shop, told: Waiting) -> None:
        there = await self._store.product(told.external_id) if told.about == "product" else None
        fetched = await self._fetch(shop, [there] if there else [])
        async with self._taking(fetched) as now:
            if told.about == "product" and there is None:
                await store_products.gone(shop, told.external_id, now)
            elif there is not None:
                await store_products.take(shop, [there], await kept(fetched, now), now)
            await store_hints.done(told.ids, now)

    async def _fetch(self, shop: Shop, new: Sequence[StoreProduct]) -> list[Fetched]:
        return await self._pictures.fetch(await store_products.wanted_pictures(shop, new))

    @asynccontextmanager
    async def _taking(self, fetched: Sequence[Fetched]) -> AsyncIterator[datetime]:
        """A transaction in which this node alone takes something of the shop; pictures go where it does not end."""
        try:
            async with transaction() as connection:
                await roll.assure_node(self._lease.node, connection)
                await locks.store(self._name)
                yield self._clock()
        except BaseException:
            await self._pictures.forget(fetched)
            raise

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
        """False where somebody else took it meanwhile."""
        new = await store_products.changed(shop, page.products)
        fetched = await self._fetch(shop, new)
        try:
            async with self._taking(fetched) as now:
                if not await store_states.move(self._name, cursor, page, now):
                    raise LeaseLost("another node took this page")
                await store_products.take(shop, new, await kept(fetched, now), now)
        except LeaseLost:
            return False
        return True
