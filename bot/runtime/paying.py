"""What payment dialogs have the outside world do: open a payment at its provider, ask the provider what is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.payment import Checkout, Device, PaymentProvider, PaymentTruth
from bot.runtime.calling import Callee
from bot.runtime.providers import ask, known, provider
from bot.services import calls, payments
from bot.services.payments import PaymentView, Urls
from models.database import transaction


async def open_on(
    bank: PaymentProvider, urls: Urls, key: str, device: Device, now: datetime, *, payer: str = "", ip: str = ""
) -> tuple[PaymentView, Checkout]:
    """Open a payment on the customer's device, as often as they come back to it.

    Raises `Refused("expired")`, and what `create` raises.
    """
    async with transaction():
        payment = await payments.on_device(key, device, now)
    request = replace(await payments.request(payment.key, urls), payer=payer, ip=ip)
    checkout = await bank.create(request)
    async with transaction():
        # The link stays our own page: the provider's may be long, and is for this device alone.
        ours = replace(checkout, url=urls.checkout(payment.key))
        return await payments.opened(payment.key, ours, now), checkout


class Paying:
    """The callees of `bot.services.calls`."""

    def __init__(
        self,
        providers: Mapping[str, PaymentProvider],
        urls: Urls,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._providers = providers
        self._urls = urls
        self._clock = clock

    def callees(self) -> dict[str, Callee]:
        """By the name of the call."""
        return {calls.OPEN_PAYMENT.name: self.open, calls.FETCH_PAYMENT.name: self.fetch}

    async def open(self, _effect: str, key: str) -> PaymentView:
        """Open it at its provider; the payment's own key makes a second try the same payment.

        Where it matters on which device it is paid, the link leads to a page of ours, which opens it there. What was
        opened has its page, even where it has been paid by now: asked for in other words, as of an order that is held
        for nobody any more, it would have a second one.
        """
        payment = await known(key)
        bank = provider(self._providers, payment.provider)
        if payment.url:
            return payment
        if bank.terms.devices & {"any", "chat"}:
            checkout = await bank.create(await payments.request(key, self._urls))
        else:
            checkout = Checkout("", self._urls.checkout(key))
        async with transaction():
            return await payments.opened(key, checkout, self._clock())

    async def fetch(self, _effect: str, key: str) -> PaymentTruth:
        """Ask the provider; a notice is never believed by itself."""
        payment = await known(key)
        return await ask(provider(self._providers, payment.provider), payment, self._clock())
