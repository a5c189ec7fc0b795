"""Brings our orders to a connected shop, and takes what became of them there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core import deadline
from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.core.events import ContactErased
from bot.core.ports import Storage
from bot.core.store import Made, Store, ThereOrder
from bot.runtime.lease import Lease
from bot.runtime.order_steps import Stepped
from bot.services import store_orders
from bot.services.payments import PaymentView
from bot.services.store_orders import Due

#: When so many things in a row cannot be asked for, it is the shop that does not answer.
IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Steps:
    """How our orders go on by what a shop did with them: in its transaction, and what is `done` after the commit.

    `noticed`: a payment changed in the shop's checkout, told once by each name of what happened.
    Who is forgotten since the shop asked for it goes from the `storage`, too, and `published` hears of it.
    """

    follow: Callable[[str, ThereOrder, datetime], Awaitable[Stepped]]
    done: Callable[[Stepped], None]
    storage: Storage
    published: Callable[[ContactErased], None]
    noticed: Callable[[PaymentView, str], Awaitable[None]]


class Sending:
    """One shop's; `is_ours`: whether this node may go on. Nothing leaves after its `lease` is over."""

    def __init__(
        self, store: Store, lease: Lease, is_ours: Callable[[], Awaitable[bool]], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._name, self._lease = store, store.name, lease
        self._is_ours, self._clock = is_ours, clock

    async def run(self) -> None:
        """What is due; one that fails waits, and keeps nothing else waiting.

        Raises `StoreUnavailable` where the shop asks all of us to wait.
        """
        for one in await store_orders.due(self._name, self._clock()):
            if not await self._is_ours():
                return
            try:
                with deadline.until(self._lease.until):
                    await self._bring(one)
            except (StoreUnavailable, Unauthorised) as error:
                await store_orders.later(one, self._name, str(error), self._clock())
                if isinstance(error, StoreUnavailable) and error.after is not None:
                    raise
            except BadInput as error:
                await store_orders.refused(one, self._name, str(error), self._clock())

    async def _bring(self, one: Due) -> None:
        if one.pays:
            await self._store.pay(one.id)
            await store_orders.settled(one, self._name)
            return
        there = await self._there(one)
        if one.ends:
            if there:
                await self._cancel(there.id)
            await store_orders.ended(one, self._name, self._clock())
            return
        if there is None:
            one = await store_orders.trying(one, self._clock())
            if not one.out.lines:
                raise BadInput("none of its goods is in the shop any more")
            there = await self._store.push(one.out)
        await store_orders.sent(one, self._name, there, self._clock())

    async def _cancel(self, id_: str) -> None:
        """One that is cancelled already, since only the answer was lost, is not cancelled again."""
        try:
            await self._store.cancel(id_)
        except BadInput:
            there = await self._store.order(id_)
            if there is not None and not there.is_cancelled:
                raise

    async def _there(self, one: Due) -> Made | None:
        if one.id:
            return Made(one.id, "")
        return await self._store.find(one.out) if one.is_tried else None
