"""Gives money back: what the services ask for with an effect of kind "refund", once per key at the provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.core.events import OrderChanged, RowChanged
from bot.core.payment import PaymentProvider
from bot.runtime.attempts import Done
from bot.runtime.providers import key_of, known, provider
from bot.runtime.writes import ATTENTION, NewEffect
from bot.services import payments, refunds
from models.database import transaction


class GiveBack:
    """The executor of kind "refund"; its payload is `{"payment": key}`."""

    def __init__(
        self, providers: Mapping[str, PaymentProvider], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._providers = providers
        self._clock = clock

    async def run(self, effect: NewEffect) -> Done:
        """Ask the provider under the refund's own key and book what it says; nothing left to give back is done."""
        payment = await known(key_of(effect))
        wanted = await refunds.owed(payment.key)
        if wanted is None:
            return Done()
        bank = provider(self._providers, wanted.provider)
        truth = await bank.refund(wanted.reference, wanted.amount, wanted.key)
        async with transaction():
            await refunds.confirm(payment.key, truth, self._clock())
        return Done(events=(OrderChanged(payment.order_id),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """The effect is parked; the conversation says that somebody must look."""
        payment = await payments.by_key(key_of(effect))
        if payment is None or payment.conversation_id is None:
            return Done()
        row = ("refund", self._clock(), payment.conversation_id)
        return Done(((ATTENTION, [row]),), (OrderChanged(payment.order_id), RowChanged(payment.conversation_id)))
