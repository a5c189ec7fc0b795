"""Payments inside a platform's client: whether they may be made is answered at once, and what was charged is kept.

Neither waits for the conversation. A platform gives us some seconds to answer, also while the lane is busy, nobody
works, or a person has the conversation; and who pays may be somebody else than who ordered.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from bot.core import charges as told
from bot.core.charges import PaidInChat
from bot.core.errors import BadInput, ChannelUnavailable, Refused
from bot.core.faults import fault
from bot.core.message import Inbound
from bot.core.payment import PaymentProvider
from bot.core.ports import Channel
from bot.core.text import Text, _
from bot.runtime import noticed
from bot.runtime.noticed import Accept
from bot.runtime.shop import Shop
from bot.services import charges
from models.database import transaction

log = logging.getLogger(__name__)

#: Seconds for our look at the order, for one call, and for all of it: Telegram waits ten.
LOOK, CALL, ANSWER = 4.0, 3.0, 9.0
#: Before a call is made again, seconds.
REST = 0.2
UNSURE = _("We cannot look at this order just now. Please try again in a minute.")
PROBLEMS: Mapping[str, Text] = {
    "no_payment": _("I cannot find that payment."),
    "paid_already": _("This order is paid already. Thank you."),
    "expired": _("The time to pay this order is over, and its items are back on the shelf."),
    "price_changed": _("The price of this order has changed. Say /orders to pay it anew."),
    "over": _("This invoice is no longer good. Say /orders to pay anew."),
}


class Charging:
    """`accept` keeps inbounds, and is where the notice of a charge goes on to."""

    def __init__(
        self,
        shop: Shop,
        channels: Mapping[str, Channel],
        providers: Mapping[str, PaymentProvider],
        accept: Accept,
        wake: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._shop = shop
        self._channels = channels
        self._providers = providers
        self._accept = accept
        self._wake = wake
        self._clock = clock
        self._answering: set[asyncio.Task[None]] = set()

    async def take(self, inbounds: Sequence[Inbound]) -> None:
        """Returns once every charge is on disk; answers are on their way. Raises `DatabaseBusy`."""
        for inbound in inbounds:
            if inbound.kind == told.MAY_PAY:
                task = asyncio.create_task(self._decide(inbound), context=contextvars.Context())
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
        for inbound in inbounds:
            if inbound.kind != told.MAY_PAY:
                await self._keep(inbound)

    async def close(self) -> None:
        """Who was asked answers first."""
        await asyncio.gather(*self._answering, return_exceptions=True)

    async def _decide(self, inbound: Inbound) -> None:
        """Without an answer nothing is charged: that is what is left when all of this fails."""
        facts = {"action": "payment.may_pay", "account": inbound.account}
        try:
            async with asyncio.timeout(ANSWER):
                problem = await self._problem(inbound)
                await _persist(lambda: self._channels[inbound.account].admit(inbound, problem))
            log.info("asked whether a payment may be made", extra=facts | {"allowed": not problem})
        except Exception as error:
            log.warning("a payment could not be allowed or refused in time", extra=facts | fault(error))

    async def _problem(self, inbound: Inbound) -> str:
        """Why they may not pay, in the customer's words; "" when they may."""
        locale = inbound.locale
        try:
            async with asyncio.timeout(LOOK):
                found = await charges.look(told.key_of(inbound.data), self._clock())
            locale = (found.locale if found else "") or locale
            refusal = self._refusal(inbound, found)
            words = _words(refusal) if refusal else ""
        except Exception as error:
            log.warning("an order could not be looked at", extra={"action": "payment.look"} | fault(error))
            words = UNSURE
        return self._shop.languages.voice(self._shop.language(inbound.account, locale))(words)

    def _refusal(self, inbound: Inbound, found: charges.Look | None) -> Refused | None:
        """Also refused is what another program of the same bot asks for, and what is not what we asked for."""
        provider = self._providers.get(found.payment.provider) if found else None
        if found is None or not isinstance(provider, PaidInChat) or provider.terms.account != inbound.account:
            return Refused("no_payment")
        if found.refusal is not None:
            return found.refusal
        is_this_one = found.payment.reference in ("", inbound.data)
        is_asked = told.sum_of(inbound) == provider.charges(inbound.data, found.payment.amount)
        return None if is_this_one and is_asked else Refused("price_changed")

    async def _keep(self, inbound: Inbound) -> None:
        now, key = self._clock(), told.key_of(inbound.data)
        charge = told.charge_of(inbound, now)
        keep = charges.keep if inbound.kind == told.CHARGED else charges.given_back
        async with transaction():
            payment = await keep(inbound.account, key, charge, now)
        if payment is None:
            facts = {"action": "payment.foreign", "account": inbound.account, "charge": charge.id}
            log.error("a payment that is not ours: another program uses this bot, or its rows are gone", extra=facts)
            return
        cause = charge.id if inbound.kind == told.CHARGED else f"back:{charge.id}"
        await noticed.keep(self._accept, payment, cause, now)
        self._wake()  # where the person was forgotten, it is an effect


async def _persist(call: Callable[[], Awaitable[None]]) -> None:
    """Again and again until it is answered: the caller's time ends it."""
    is_first = True
    while True:
        try:
            async with asyncio.timeout(CALL):
                return await call()
        except (ChannelUnavailable, TimeoutError):
            is_first = False
            await asyncio.sleep(REST)
        except BadInput:
            if is_first:
                raise
            return None  # answered already: it was the answer to that which was lost


def _words(refusal: Refused) -> Text:
    if refusal.code == "sold_out":
        return _("{name} has just sold out.", name=refusal.facts["name"])
    if refusal.code == "cancelled":
        return _("Order {number} has been cancelled.", number=refusal.facts["number"])
    return PROBLEMS[refusal.code]
