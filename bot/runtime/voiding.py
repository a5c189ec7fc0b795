"""Closes what is open at a provider and must not be paid any more: its order is paid already, cancelled, or too old."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.core.events import OrderChanged
from bot.core.payment import PaymentProvider
from bot.runtime import noticed
from bot.runtime.attempts import Done
from bot.runtime.noticed import Accept
from bot.runtime.providers import key_of, known, provider
from bot.runtime.writes import NewEffect
from bot.services import payments, settlement
from models.database import transaction


class VoidPayment:
    """The executor of kind "void"; its payload is `{"payment": key}`."""

    def __init__(
        self,
        providers: Mapping[str, PaymentProvider],
        accept: Accept,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._providers = providers
        self._accept = accept
        self._clock = clock

    async def run(self, effect: NewEffect) -> Done:
        """Close it. The customer may have been faster: then it is as if the provider had told us."""
        payment = await known(key_of(effect))
        truth = await provider(self._providers, payment.provider).void(payment.reference)
        if truth.paid:
            await noticed.keep(self._accept, payment, effect.key, self._clock())
        else:
            async with transaction():
                await settlement.settle(payment.key, truth, self._clock())
        return Done(events=(OrderChanged(payment.order_id),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """The effect is parked, which staff see; what is paid all the same is settled when the notice comes."""
        payment = await payments.by_key(key_of(effect))
        return Done(events=(OrderChanged(payment.order_id),)) if payment else Done()
