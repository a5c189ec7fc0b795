"""What the clock has a runtime do: remind, end, release, tell who waits and many, expire orders, book, clear away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

from bot.core.ports import Accept
from bot.runtime import back_in_stock, broadcasting, left_carts, order_steps, pruning, timers
from bot.runtime.effects import Effects
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.parts import Parts
from bot.runtime.platforms import open_calls
from bot.runtime.schedule import TICK_SECONDS, Schedule
from bot.services import deletions, ledger, payments, person_codes, product_search
from models.database import transaction

DAY = timedelta(days=1)
#: With so many messages waiting for an answer, nobody is sent news.
_MUCH = 500


class Clockwork:
    """The regular work of whoever has the role "scheduler"; done by several at once, each thing happens once.

    `arrived` takes inbounds that were kept here, `stepped` what an order's step left behind; `waiting` is how many
    inbounds wait, on whichever node, and `wake` has effects looked for that nobody handed over. `overdue` ends codes
    that nobody confirmed, and `reconcile` reads the books of providers.
    """

    def __init__(
        self,
        parts: Parts,
        inbox: Inbox,
        effects: Effects,
        accept: Accept,
        *,
        arrived: Callable[[Iterable[Waiting]], None],
        stepped: Callable[[order_steps.Stepped], None],
        waiting: Callable[[], int],
        wake: Callable[[], None],
        overdue: Callable[[], Awaitable[None]],
        reconcile: Callable[[], Awaitable[None]],
    ) -> None:
        self._parts = parts
        self._inbox = inbox
        self._effects = effects
        self._accept = accept
        self._arrived = arrived
        self._stepped = stepped
        self._waiting = waiting
        self._wake = wake
        self._overdue = overdue
        self._reconcile = reconcile
        self._looks_back = ledger.LOOKED_AT

    def begin(self, schedule: Schedule) -> None:
        """Have all of it done in its time."""
        schedule.every(TICK_SECONDS, "reports", schedule.tick)
        schedule.every(5.0, "dialogs", self.dialogs_due)
        schedule.every(10.0, "morning", self.morning)
        schedule.every(broadcasting.STEP_SECONDS, "broadcasts", self.broadcasts_due)
        schedule.every(15.0, "orders", self.orders_due)
        schedule.every(60.0, "deliveries", self.deliveries_due)
        schedule.every(300.0, "carts", self.carts_due)
        schedule.every(300.0, "books", self.books_due)
        schedule.every(60.0, "reconciliation", self._reconcile)
        schedule.every(15.0, "back in stock", self.back_in_stock)
        schedule.every(15.0, "search", product_search.mend)
        schedule.every(3600.0, "prune", self.prune)
        if any(channel.holds for channel in self._parts.channels.values()):
            schedule.every(open_calls.REMEMBERED, "calls", open_calls.prune)

    async def dialogs_due(self) -> None:
        """Remind and expire what is due, in its lanes, and the codes that wait for a yes."""
        shop = self._parts.shop
        await self._overdue()
        await timers.dialogs_due(self._accept, shop.capabilities, shop.quiet, self._parts.clock())

    async def broadcasts_due(self) -> None:
        """See `broadcasting.step`; while much waits to be answered, news wait, too."""
        if self._waiting() < _MUCH:
            self._arrived(await broadcasting.step(self._inbox, self._parts.shop, self._parts.clock()))

    async def morning(self) -> None:
        """Let go what waited for quiet hours that are over."""
        if await timers.release(self._parts.clock()):
            self._effects.doubt()  # they are older than what is said now, and in the table only
            self._wake()

    async def orders_due(self) -> None:
        """See `order_steps.expire`."""
        self._stepped(await order_steps.expire(self._inbox, self._parts.shop, self._parts.clock()))

    async def deliveries_due(self) -> None:
        """See `order_steps.complete` and `ask_for_reviews`; while much waits to be answered, nobody is asked."""
        shop, now = self._parts.shop, self._parts.clock()
        if shop.later.completes:
            self._stepped(await order_steps.complete(now, shop.later.completes))
        if shop.later.review and self._waiting() < _MUCH:
            self._stepped(await order_steps.ask_for_reviews(self._inbox, shop, now, shop.later.review))

    async def carts_due(self) -> None:
        """See `left_carts.remind`; while much waits to be answered, this waits, too."""
        shop = self._parts.shop
        if shop.later.cart and self._waiting() < _MUCH:
            self._arrived(await left_carts.remind(self._inbox, shop, self._parts.clock(), shop.later.cart))

    async def books_due(self) -> None:
        """Book what was settled by a node of a release without books: they may run beside us during an upgrade."""
        now = self._parts.clock()
        for key in (behind := await ledger.behind(now - self._looks_back)):
            async with transaction():
                await payments.rebook(key, now)
        if not behind:
            self._looks_back = ledger.LATELY

    async def back_in_stock(self) -> None:
        """See `back_in_stock.tell`; while much waits to be answered, this waits, too."""
        if self._waiting() < _MUCH:
            self._arrived(await back_in_stock.tell(self._inbox, self._parts.shop, self._parts.clock()))

    async def prune(self) -> None:
        """Forget what nobody asks for any more."""
        now = self._parts.clock()
        await open_calls.prune()
        async with transaction():
            await person_codes.prune(now)
        await deletions.settle()
        await deletions.prune(now)
        await pruning.prune(now - self._parts.keep_days * DAY)
        if await pruning.purge_uploads(now - DAY, now):
            self._wake()
