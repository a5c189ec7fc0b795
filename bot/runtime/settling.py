"""Settles payments of people who were forgotten: no conversation is left to hear of it, so staff are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.core.errors import Final
from bot.core.events import OrderChanged
from bot.core.payment import PaymentProvider
from bot.runtime.attempts import Done
from bot.runtime.providers import ask, key_of, known, provider
from bot.runtime.writes import NewEffect
from bot.services import payments, settlement
from bot.services.payments import PaymentView
from models.database import transaction


class SettleAlone:
    """The executor of kind "settle"; its payload is `{"payment": key}`."""

    def __init__(
        self, providers: Mapping[str, PaymentProvider], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._providers = providers
        self._clock = clock

    async def run(self, effect: NewEffect) -> Done:
        """Ask the provider and settle. Money for goods that cannot be sent parks the effect, until it is given back."""
        payment = await known(key_of(effect))
        truth = await ask(provider(self._providers, payment.provider), payment, self._clock())
        async with transaction():
            settled = await settlement.settle(payment.key, truth, self._clock())
        if settled.alarms:
            raise Final(
                f"The customer of order {payment.order_number} was forgotten, and its payment needs you "
                f"({', '.join(settled.alarms)}): look at the order, and at the provider."
            )
        if await settlement.stranded(payment.key):
            raise Final(
                f"Order {payment.order_number} was paid, but its customer was forgotten and nothing can be sent. "
                "Give the money back at the order, then try this again."
            )
        return _changed(payment)

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """The effect is parked, which staff see; so do they see the order as it is now."""
        payment = await payments.by_key(key_of(effect))
        return _changed(payment) if payment else Done()


def _changed(payment: PaymentView) -> Done:
    return Done(events=(OrderChanged(payment.order_id),))
