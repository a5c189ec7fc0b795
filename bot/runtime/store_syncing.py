"""Reads connected shops, page by page, each page in a transaction of its own; exactly one node reads a shop.

What a shop does not answer, or not whole, is asked again later, from the page where it stopped: the cursor moves with
what is taken. So a process may end anywhere, and two that believe it is theirs take a page once.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.deadline import elapsed
from bot.core.errors import BadInput, DatabaseBusy, LeaseLost, Retryable, StoreUnavailable, Unauthorised
from bot.core.faults import fault
from bot.core.store import About, Store
from bot.runtime import roll, store_access
from bot.runtime.lease import Lease
from bot.runtime.store_bills import Bills
from bot.runtime.store_pictures import Pictures
from bot.runtime.store_reviewing import Reviewing
from bot.runtime.store_sending import IN_A_ROW, Sending, Steps
from bot.runtime.store_taking import Taking
from bot.services import order_states, store_hints, store_orders, store_products, store_states
from bot.services.filing import Filing, Limits
from bot.services.store_hints import Waiting
from bot.services.store_products import Shop
from bot.services.store_reading import Problem
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
#: So long after a parcel left its number may come, and the webhook of that be lost.
LATE = timedelta(days=3)

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
        self._sending = Sending(connected.store, lease, self._is_ours, clock)
        self._bills = bills = Bills(connected.store, steps, clock)
        self._reviewing = Reviewing(connected.store, lease, self._is_ours, clock)
        self._are_reviews_due = False  # all of them, once a day
        self._store, self._every, self._hook = connected.store, connected.every, connected.hook
        self._name = connected.store.name
        self._shop = Shop(self._name, connected.language)
        self._lease, self._clock = lease, clock
        pictures = Pictures(connected.store, filing, limits, clock)
        self._taking = Taking(connected.store, lease, pictures, bills, steps, clock)
        self._hinted = asyncio.Event()
        self._installed = ""
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
                await asyncio.sleep(min(left, LOOK))
                if await self._is_installed():
                    return
                continue
            try:
                async with asyncio.timeout(min(left, LOOK)):
                    await self._hinted.wait()
                return
            except TimeoutError:  # another node may have been told, or an order was paid
                if await self._is_told():
                    return

    async def _is_installed(self) -> bool:
        """Whether our app was installed in it once more, by whichever node, since it was called last."""
        try:
            return await store_access.since(self._store) != self._installed
        except Retryable:
            return False

    async def _is_told(self) -> bool:
        try:
            now = self._clock()
            is_sending = await store_orders.any_due(self._name, now) or await self._reviewing.is_told()
            is_hinted = is_sending or await self._is_installed() or await store_hints.any_waiting(self._name, now)
            return is_hinted or await store_states.is_asked(self._name)
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
        self._installed = await store_access.since(self._store)
        await store_access.lend(self._store)
        if not await self._is_ours():
            return
        sync = await store_states.begin(self._name, self._clock())
        shop = await self._places()
        await self._subscribe()
        await self._urgent(shop)
        await self._bills.run(lambda: self._urgent(shop))
        more = True
        while more and await self._is_ours():
            page = await self._store.page(sync.cursor)
            if not await self._taking.page(shop, sync.cursor, page):
                return
            more, sync = page.more, await store_states.view(self._name)
            await self._urgent(shop)
        await self._compare(shop)
        await store_states.went_well(self._name)
        await self._share()

    async def _share(self) -> None:
        """Reviews, which a shop may keep from us, or a plugin may break: all else goes on without them."""
        problem = None
        try:
            await self._reviewing.run()
            if self._are_reviews_due:
                await self._reviewing.compare()
            self._are_reviews_due = False
        except (StoreUnavailable, Unauthorised, BadInput) as error:
            if isinstance(error, StoreUnavailable) and error.after is not None:
                raise
            problem = Problem("no_reviews", {"why": str(error)})
        await store_products.trouble(self._name, "no_reviews", problem, self._clock())

    async def _compare(self, shop: Shop) -> None:
        """Once a day, or when staff ask, all that is there with all that is here: what differs is taken."""
        sync = await store_states.view(self._name)
        if sync.asked_at is None and sync.compared_at is not None and self._clock() - sync.compared_at < DAY:
            return
        there: set[str] = set()
        found = 0
        async for some in self._store.every():
            there |= {one.id for one in some}
            found += await self._mend(shop, await store_products.differing(shop, some))
        gone = await self._mend(shop, await store_products.missing(shop, there))
        late = self._clock() - LATE
        await self._mend(shop, await store_orders.to_ask(self._name, order_states.UNSENT, late), "order")
        self._are_reviews_due = True
        if await self._is_ours():
            await store_states.compared(sync, self._clock(), found, gone)
            facts = {"action": "store.compared", "store": self._name, "differ": found, "gone": gone}
            log.info("a shop was compared: %d products differed, %d were gone", found, gone, extra=facts)

    async def _mend(self, shop: Shop, ids: Sequence[str], about: About = "product") -> int:
        """Ask for these; what was told of and put off waits for its own time."""
        waits = await store_hints.open_(self._name, about, ids)
        for id_ in (one for one in ids if one not in waits):
            await self._urgent(shop)
            if await self._is_ours():
                await self._look(shop, Waiting(about, id_, ()))
        return len(ids)

    async def _subscribe(self) -> None:
        """Now and then: a shop takes away what failed too often. Without it, all is found by asking."""
        if not self._hook or elapsed() - self._subscribed_at < RESUBSCRIBE:
            return
        self._subscribed_at = elapsed()
        try:
            await self._store.subscribe(self._hook)
        except (BadInput, Unauthorised) as error:
            problem = Problem("no_webhooks", {"why": str(error)})
            await store_products.trouble(self._name, problem.code, problem, self._clock())
        else:
            await store_products.trouble(self._name, "no_webhooks", None, self._clock())

    async def _urgent(self, shop: Shop) -> None:
        """Our orders, and what the shop told of: neither waits for the rest of what is read."""
        failed = 0
        while await self._is_ours() and (told := await store_hints.waiting(self._name, self._clock())):
            for one in told:
                await self._sending.run()
                if not await self._is_ours():
                    return
                error = await self._look(shop, one)
                failed = failed + 1 if error is not None else 0
                if error is not None and failed == IN_A_ROW:
                    raise StoreUnavailable(str(error)) from error
        await self._sending.run()

    async def _look(self, shop: Shop, told: Waiting) -> Exception | None:
        """Take one thing; where the shop says nothing clear of it alone, that waits by itself, and this is why."""
        try:
            await self._taking.look(shop, told)
        except StoreUnavailable as error:
            if error.after is not None:
                raise
            why: Exception = error
        except (Retryable, Unauthorised, Overtaken):
            raise
        except Exception as error:
            why = error
        else:
            return None
        facts = {"action": "store.put_off", "store": self._name, "about": told.about, "id": told.external_id}
        log.warning("something of a shop could not be taken", extra=facts | fault(why))
        await store_hints.put_off(self._name, told, self._clock())
        return why

    async def _is_ours(self) -> bool:
        """Whether this node reads it, and may go on."""
        if not self._lease.is_shared:
            return True
        return self._lease.lasts() and await roll.take_duty(f"store:{self._name}", self._lease.node)

    async def _places(self) -> Shop:
        there = await self._store.places()
        async with transaction():
            return await store_products.known_places(self._shop, there)
