"""What payment dialogs have the outside world do: open a payment at its provider, ask the provider what is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.core.errors import Final
from bot.core.ports import PaymentProvider, PaymentTruth
from bot.runtime.executors import Callee
from bot.services import calls, payments
from bot.services.payments import PaymentView
from models.database import transaction


class Paying:
    """The callees of `bot.services.calls`. `return_url` is where a provider sends the customer afterwards."""

    def __init__(
        self,
        providers: Mapping[str, PaymentProvider],
        return_url: Callable[[str], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._providers = providers
        self._return_url = return_url
        self._clock = clock

    def callees(self) -> dict[str, Callee]:
        """By the name of the call."""
        return {calls.OPEN_PAYMENT.name: self.open, calls.FETCH_PAYMENT.name: self.fetch}

    async def open(self, _effect: str, key: str) -> PaymentView:
        """Open it at its provider; the payment's own key makes a second try the same payment."""
        payment = await self._known(key)
        request = await payments.request(key, self._return_url(key))
        checkout = await self._provider(payment).create(request)
        async with transaction():
            return await payments.opened(key, checkout, self._clock())

    async def fetch(self, _effect: str, key: str) -> PaymentTruth:
        """Ask the provider; a notice is never believed by itself."""
        payment = await self._known(key)
        return await self._provider(payment).fetch(payment.reference)

    async def _known(self, key: str) -> PaymentView:
        payment = await payments.by_key(key)
        if payment is None:
            raise Final("there is no such payment")
        return payment

    def _provider(self, payment: PaymentView) -> PaymentProvider:
        provider = self._providers.get(payment.provider)
        if provider is None:
            raise Final(f"the payment provider {payment.provider!r} is not configured any more")
        return provider
