"""Where orders are placed and paid without a conversation: by another site for its customer, and on its own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from bot.core.errors import Refused
from bot.core.events import Event, OrderChanged
from bot.core.text import Voice
from bot.runtime.shop import Shop
from bot.services import api_orders, payments
from bot.services.api_orders import Request, Wish
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.scope import PayWay, Scope
from bot.services.visitors import ACCOUNT
from models.database import transaction

#: Opens the payment of this key at its provider; the first argument is the effect that wants it.
Open = Callable[[str, str], Awaitable[PaymentView]]


async def unopened(_effect: str, _key: str) -> PaymentView:
    """Where there are no providers."""
    raise Refused("no_payment")


class Counter:
    """What is sold here is sold as in the web chat: in its currency, and by the ways to pay that it has."""

    def __init__(self, shop: Shop, open_: Open, published: Callable[[Event], None], clock: Callable[[], datetime]):
        self._shop = shop
        self._open = open_
        self._published = published
        self._clock = clock

    async def place(self, request: Request, wish: Wish, locale: str, answer: Callable[[OrderView], str]) -> str:
        """See `api_orders.place`."""
        answered = await api_orders.place(self.scope(locale), request, wish, answer)
        if answered.order_id is not None:
            self._published(OrderChanged(answered.order_id))
        return answered.answer

    async def ways(self, order: OrderView, locale: str) -> list[PayWay]:
        """What the order may be paid by on a page."""
        found = await payments.ways(self._of(order, locale), order.number)
        words = self._shop.languages.voice(locale).language
        return [replace(way, title=words.gettext(way.title)) for way in found]

    async def pay(self, order: OrderView, provider: str, locale: str) -> PaymentView:
        """Begin to pay, and have the provider open it. Raises as `payments.begin`, and what the provider raises."""
        async with transaction():
            begun = await payments.begin(self._of(order, locale), order.number, provider)
        self._published(OrderChanged(order.id))
        return await self._open("", begun.key)

    def voice(self, locale: str) -> Voice:
        """How we speak to somebody of this language."""
        return self._shop.languages.voice(locale)

    def scope(self, locale: str) -> Scope:
        """Of nobody in particular."""
        return Scope(
            0, 0, 0, ACCOUNT, locale, self._clock(), self._shop.currency_of(ACCOUNT), self._shop.order_hold,
            self._shop.pay_ways, channels=self._shop.capabilities, rates=self._shop.rates,
        )  # fmt: skip

    def _of(self, order: OrderView, locale: str) -> Scope:
        now, currency = self._clock(), order.total.currency
        return Scope(
            order.conversation_id or 0, order.contact_id, 0, ACCOUNT, locale, now, currency,
            self._shop.order_hold, self._shop.pay_ways, channels=self._shop.capabilities,
        )  # fmt: skip
