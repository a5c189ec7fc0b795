"""A connected shop that takes the money itself, as a way to pay: its bill is a link, and what it says settles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime

from bot.core.billing import Billed, TakesMoney
from bot.core.errors import BadInput, ProviderUnavailable, Refused, StoreUnavailable
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.text import _
from bot.core.unheard import HearsNoNotices
from bot.runtime import store_access
from bot.services import store_bills
from bot.services.store_reading import money
from models.database import transaction


class ShopCheckout(HearsNoNotices):
    """See `bot.core.payment.PaymentProvider`. A payment's reference is the shop's id of its bill."""

    title = _("Card and more, at the shop's checkout")

    def __init__(self, store: TakesMoney, clock: Callable[[], datetime]) -> None:
        self.name = store.name
        self.terms = Terms(store=store.name)
        self._store, self._clock = store, clock
        self.unheard = (
            f"{self.name} posts to /hooks/store/{self.name}, of bills as of all else that happens in the shop"
        )

    async def create(self, request: PaymentRequest) -> Checkout:
        """A bill; one that would cost something else is taken back, and nobody sees it."""
        wanted = await store_bills.bill(request, self.name)
        async with self._asking():
            billed = await self._store.bill(wanted)
            if billed.state != "open" or _money(billed.total, billed.currency) != request.amount:
                if billed.state == "open":
                    await self._store.unbill(billed.id)
                raise Refused("wrong_amount", amount=request.amount)
        now = self._clock()
        await store_bills.billed(request, self.name, now, until=request.expires_at if self._store.keeps_pieces else now)
        return Checkout(billed.id, billed.url)

    async def fetch(self, reference: str) -> PaymentTruth:
        """What became of the bill; an order that it became is ours from then on, and not sent there again."""
        async with self._asking():
            billed = await self._store.billed(reference)
        if billed is None or billed.state == "gone":
            return PaymentTruth(reference, "failed")
        if billed.state == "open":
            return PaymentTruth(reference, "open")
        async with transaction():
            await store_bills.became(self.name, reference, billed.order, self._clock())
        return _truth(billed)

    async def void(self, reference: str) -> PaymentTruth:
        """Take it back; who was faster has paid."""
        truth = await self.fetch(reference)
        if truth.state != "open":
            return truth
        try:
            async with self._asking():
                await self._store.unbill(reference)
        except BadInput:
            return await self.fetch(reference)
        return PaymentTruth(reference, "failed")

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """By the shop, to where the money came from."""
        if (made := await self.fetch_refund(reference, key)) is not None:
            return made
        truth = await self.fetch(reference)
        if truth.paid is None:
            raise Refused("not_paid", reference=reference)
        left = Money(truth.paid.amount - truth.refunded, truth.paid.currency)
        if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
            raise Refused("too_much", reference=reference, left=left)
        try:
            async with self._asking():
                await self._store.pay_back(reference, amount, key)
        except BadInput as error:
            return RefundTruth(key, "failed", amount, str(error))
        return RefundTruth(key, "given", amount)

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """The one whose note is the key."""
        async with self._asking():
            billed = await self._store.billed(reference)
            given = await self._store.paid_back(reference, key) if billed and billed.state == "paid" else None
        return RefundTruth(key, "given", _money(given, billed.currency)) if billed and given is not None else None

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What the shop took and gave back for our bills."""
        async with self._asking():
            async for one in self._store.takings(day):
                sign = -1 if one.amount.startswith("-") else 1
                amount = _money(one.amount.removeprefix("-"), one.currency) * sign
                yield Booking(one.id, amount, one.at, one.key)

    async def who(self) -> str:
        """Nobody but the shop."""
        return f"the checkout of stores.{self.name}"

    async def close(self) -> None:
        """The shop is closed by itself."""

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """With the token that is kept now: another node may read the shop. Its errors are a provider's here."""
        await store_access.lend(self._store)
        try:
            yield
        except StoreUnavailable as error:
            raise ProviderUnavailable(str(error), after=error.after) from error


def _truth(billed: Billed) -> PaymentTruth:
    paid = _money(billed.paid, billed.currency)
    back = _money(billed.refunded or "0", billed.currency)
    state = "refunded" if 0 < paid.amount <= back.amount else "paid"
    return PaymentTruth(billed.id, state, paid=paid, refunded=back.amount)


def _money(text: str, currency: str) -> Money:
    try:
        return money(text, currency)
    except BadInput:
        raise ProviderUnavailable(f"the shop names a sum that {currency} does not have") from None
