"""Gives money back: what the services ask for, once per key at the provider, and tells the customer that it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.core.errors import Refused
from bot.core.events import OrderChanged, RowChanged
from bot.core.payment import PaymentProvider
from bot.runtime import noticed
from bot.runtime.attempts import Done
from bot.runtime.noticed import Accept, inbound
from bot.runtime.providers import ask, key_of, known, provider
from bot.runtime.writes import ATTENTION, NewEffect
from bot.services import payments, refunds
from bot.services.payments import PaymentView, Urls
from bot.services.refunds import RefundView
from models.database import transaction

#: What a provider refuses, for staff.
WHY = {
    "no_payment": "the provider knows no such payment",
    "not_paid": "the provider says that nothing was paid",
    "too_much": "that is more than the provider has left of the payment",
    "whole_only": "the provider gives back all or nothing",
    "refused": "the provider does not do it, and does not say why",
    "too_late": "it is too late for that at the provider: give the money back in another way",
    "charge_disputed": "the payer disputes the payment at their bank: answer at the provider",
    "elsewhere": "it can be given back in the dashboard of the payment provider alone: its payment {number}",
}


class GiveBack:
    """The executor of kind "give_back", whose key is the refund's, and of "refund"; the payload names the payment."""

    def __init__(
        self,
        providers: Mapping[str, PaymentProvider],
        urls: Urls,
        accept: Accept,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._providers = providers
        self._urls = urls
        self._accept = accept
        self._clock = clock

    async def run(self, effect: NewEffect) -> Done:
        """Ask the provider under the refund's own key and book what it says; tried again, nothing is given twice."""
        payment = await known(key_of(effect))
        if effect.kind == "refund":
            async with transaction():
                await refunds.adopt(effect.key, payment.key, self._clock())
        refund = await refunds.by_key(effect.key)
        if refund is not None and refund.state in refunds.OPEN:
            await self._give(refund, payment)
            refund = await refunds.by_key(effect.key)
        if refund is None:
            return Done()
        if refund.state == refunds.FAILED:
            return self._look(payment)
        await self._settle(payment.key, refund)
        told = await inbound(payment, "order", refund.key, refund.key, refund.key)
        await self._accept([told] if told else [])
        return Done(events=(OrderChanged(payment.order_id),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        """The effect is parked: nobody knows whether the money went, and staff may ask again under the same key."""
        async with transaction():
            await refunds.unknown(effect.key, str(error), self._clock())
        payment = await payments.by_key(key_of(effect))
        return self._look(payment) if payment else Done()

    async def _give(self, refund: RefundView, payment: PaymentView) -> None:
        bank = provider(self._providers, refund.provider)
        try:
            made = await bank.refund(refund.reference, refund.amount, refund.key, self._urls.notices(refund.provider))
        except Refused as refused:
            async with transaction():
                await refunds.failed(refund.key, _why(refused), self._clock())
            return
        truth = await ask(bank, payment, self._clock(), made)
        async with transaction():
            await refunds.confirm(payment.key, truth, self._clock())

    async def _settle(self, key: str, refund: RefundView) -> None:
        """Where what was paid did not fit the order, what is left of it may."""
        payment = await known(key)
        if payment.state == "mismatch":
            await noticed.keep(self._accept, payment, refund.key, self._clock())

    def _look(self, payment: PaymentView) -> Done:
        """The conversation says that somebody must look at the order."""
        if payment.conversation_id is None:
            return Done(events=(OrderChanged(payment.order_id),))
        row = ("refund", self._clock(), payment.conversation_id)
        return Done(((ATTENTION, [row]),), (OrderChanged(payment.order_id), RowChanged(payment.conversation_id)))


def _why(refused: Refused) -> str:
    return WHY.get(refused.code, refused.code).format(**refused.facts)
