"""Bills of a connected shop that takes the money itself: who paid one is found by its webhook, or by asking."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.core.billing import TakesMoney
from bot.core.errors import StoreUnavailable
from bot.core.store import Store, ThereOrder
from bot.runtime.store_sending import IN_A_ROW, Steps
from bot.services import store_bills, store_hints, store_orders
from bot.services.store_hints import Waiting

log = logging.getLogger(__name__)


class Bills:
    """One shop's; of a shop that takes no money there are none."""

    def __init__(self, store: Store, steps: Steps, clock: Callable[[], datetime]) -> None:
        self._store = store if isinstance(store, TakesMoney) and store.takes_money else None
        self._name, self._steps, self._clock = store.name, steps, clock

    async def run(self, between: Callable[[], Awaitable[None]]) -> None:
        """Ask for those that nobody has paid, as far as we know, with what is done `between` two of them.

        Those that the shop says nothing about keep nothing else from it: a few in a row, and the rest waits for the
        next time. Raises `StoreUnavailable` where the shop asks us to wait.
        """
        failed = 0
        for payment in await store_bills.unpaid(self._name) if self._store else ():
            await between()
            try:
                billed = await self._store.billed(payment.reference) if self._store else None
            except StoreUnavailable as error:
                if error.after is not None:
                    raise
                failed += 1
                facts = {"action": "store.bill", "payment": payment.key}
                log.warning("a bill could not be asked for: %s", error, extra=facts)
                if failed == IN_A_ROW:
                    return
                continue
            failed = 0
            if billed is not None and billed.state == "paid":
                await self._steps.noticed(payment, f"bill:{payment.reference}:{billed.paid}")
            elif billed is not None and billed.is_reserved:
                await store_orders.tell(self._name, payment.order_number, "not_captured", {}, self._clock())

    async def look_at(self, told: Waiting) -> None:
        """The shop tells that one changed: a hint, and whoever settles it asks."""
        payment = await store_bills.payment(self._name, told.external_id)
        if payment is not None:
            await self._steps.noticed(payment, f"bill:{told.external_id}:{told.ids[-1]}")
        await store_hints.done(told.ids, self._clock())

    async def follow(self, there: ThereOrder) -> None:
        """Money of an order that a bill became was paid back there."""
        payment = await store_bills.of_order(self._name, there.id) if there.refunded else None
        if payment is not None:
            await self._steps.noticed(payment, f"bill:{there.id}:back:{there.refunded}")
