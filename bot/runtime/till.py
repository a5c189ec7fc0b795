"""What staff do about an order and its money: each once, with an audit row, and the lanes hear of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import PaymentProvider
from bot.runtime import order_steps, receiving
from bot.runtime.inbox import Inbox
from bot.runtime.order_steps import Stepped
from bot.runtime.parked import Parked
from bot.runtime.shop import Shop
from bot.services import audit, desk_payments
from bot.services.order_states import NOTHING, Doing
from bot.services.receipts import Confirmed
from bot.services.refunds import Wish
from models import Effect
from models.database import transaction


class Till:
    """`stepped` hands on what was committed, `wake` has the runner look for effects."""

    def __init__(
        self,
        inbox: Inbox,
        shop: Shop,
        providers: Mapping[str, PaymentProvider],
        parked: Parked,
        *,
        stepped: Callable[[Stepped], None],
        wake: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._inbox = inbox
        self._shop = shop
        self._providers = providers
        self._parked = parked
        self._stepped = stepped
        self._wake = wake
        self._clock = clock

    async def step(self, order_id: int, step: str, staff_id: int, doing: Doing = NOTHING) -> None:
        """A step of an order. Raises as `order_steps.take`."""
        now = self._clock()
        self._stepped(await order_steps.take(self._inbox, self._shop, order_id, step, staff_id, doing, now))

    async def receive(self, payment_id: int, money: Confirmed) -> None:
        """Money that came by hand. Raises as `receiving.take`."""
        self._stepped(await receiving.take(self._inbox, self._providers, payment_id, money, self._clock()))
        self._wake()

    async def give_back(self, payment_id: int, amount: Money, wish: Wish) -> None:
        """A part, or all. Raises as `order_steps.give_back`."""
        self._stepped(await order_steps.give_back(self._inbox, self._shop, payment_id, amount, wish, self._clock()))
        self._wake()

    async def ask_again(self, refund_id: int, staff_id: int) -> None:
        """What became of a refund nobody knows: ask for it under its own key. Raises `Refused("no_failure")`."""
        key, _ = await desk_payments.refund(refund_id)
        effect = await Effect.filter(key=key, state="parked").first()
        if effect is None:
            raise Refused("no_failure")
        async with transaction():
            await self._parked.revive(effect.id)
            await audit.record(staff_id, "refund.retry", f"refund:{refund_id}", self._clock())
        self._parked.revived()
