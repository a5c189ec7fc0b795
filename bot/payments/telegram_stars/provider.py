"""Telegram Stars: asked for on an invoice in the chat, charged and given back by Telegram itself.

What was charged is in the bot's transactions, and they are the proof: what Telegram told of a charge says where to look
in them, and what it told of none is found by what our invoice carries.

A reference is our key, ":" and the Stars that the invoice asks for: what a Star stands for may be set anew meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING

from bot.core.charges import Invoice, Invoices
from bot.core.errors import ProviderUnavailable, Refused
from bot.core.money import Money, exponent
from bot.core.payment import Booking, Checkout, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.text import _
from bot.payments._settings import BotAccess
from bot.payments.telegram.calls import NotGranted
from bot.payments.telegram.invoices import PaidInTelegram
from bot.payments.telegram_stars.history import History, Transaction
from bot.payments.telegram_stars.settings import Settings, worth

SECTION = "payments.telegram_stars"
STARS = "XTR"
#: Telegram's clock and ours are no further apart.
SLACK = timedelta(minutes=2)


class TelegramStars(PaidInTelegram):
    """One bot's Stars."""

    name = "telegram_stars"
    title = _("Telegram Stars")

    def __init__(self, settings: Settings, bot: BotAccess, invoices: Invoices) -> None:
        super().__init__(bot, invoices, SECTION, settings.timeout)
        self._star, currency = worth(settings.star)
        most = int((self._star * settings.most).scaleb(exponent(currency)))
        self.terms = Terms(frozenset({"chat"}), frozenset({currency}), {}, {currency: most}, account=bot.account)
        self._history = History(self._bot)

    def charges(self, reference: str, asked: Money) -> Money:  # noqa: ARG002
        """The Stars that its reference names."""
        return Money(int(reference.partition(":")[2].partition("#")[0]), STARS)

    async def create(self, request: PaymentRequest) -> Checkout:
        """Make a link to an invoice. Each call makes one, and all of them are the same payment: we let one be paid.

        Raises `ProviderUnavailable`, `Refused("wrong_amount")`, `Unauthorised`.
        """
        if not self.terms.takes(request.amount, self.terms.account):
            raise Refused("wrong_amount", amount=request.amount)
        stars = int((request.amount.decimal / self._star).to_integral_value(ROUND_CEILING))
        reference = f"{request.key}:{stars}"
        try:
            url = await self._bot.link(request.order_number, request.description, STARS, stars, reference)
        except NotGranted as error:
            if "AMOUNT" in error.words:
                raise Refused("wrong_amount", amount=request.amount) from None
            raise ProviderUnavailable(f"Telegram makes no invoice: {error.words}") from None
        return Checkout(reference, url=url)

    async def fetch(self, reference: str) -> PaymentTruth:
        """What Telegram's transactions say. Raises `ProviderUnavailable`, `Refused("no_payment")`."""
        return (await self._look(await self._invoice(reference)))[0]

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Give all of it back, once: Telegram gives no part of it, and nothing twice. Raises `ProviderUnavailable`.

        Raises `Refused`: "no_payment", "not_paid", "too_much", "whole_only".
        """
        truth, charged = await self._look(await self._invoice(reference), with_refund=False)
        if truth.paid is None or charged is None:
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        if amount != truth.paid:
            raise Refused("whole_only", reference=reference)
        if not truth.refunded:
            await self._give_back(charged)
        return RefundTruth(key, "given", amount)

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """There is one for each charge, and it has no key: whoever asks, it is theirs. Raises as `fetch` does."""
        truth = await self.fetch(reference)
        return RefundTruth(key, "given", truth.paid) if truth.refunded and truth.paid else None

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """Our invoices' transactions of that day, UTC, at what they were asked for."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        async for one in self._history.since(begin):
            if one.at >= begin + timedelta(days=1):
                return
            invoice = await self._invoices.with_charge(one.id)
            if invoice is None and one.payload:
                invoice = await self._invoices.of(one.payload)
            if invoice is not None:
                paid = self._worth(invoice, abs(one.amount))
                sign = 1 if one.amount > 0 else -1
                yield Booking(one.id, Money(sign * paid.amount, paid.currency), one.at, invoice.key)

    async def who(self) -> str:
        """The bot. Raises `ProviderUnavailable`, `Unauthorised`."""
        await self._history.check()
        return await self._bot.name()

    async def _give_back(self, charged: Transaction) -> None:
        try:
            await self._bot.call("refundStarPayment", user_id=charged.payer, telegram_payment_charge_id=charged.id)
        except NotGranted as error:
            if error.words != "CHARGE_ALREADY_REFUNDED":
                raise ProviderUnavailable(f"Telegram gives no Stars back: {error.words}") from None

    async def _look(self, invoice: Invoice, *, with_refund: bool = True) -> tuple[PaymentTruth, Transaction | None]:
        """The truth of an invoice, and the transaction that charged for it.

        Whether it was given back may stand anywhere behind it, and is looked for `with_refund`, where it is not known.
        """
        told, charged = invoice.charge, None
        refunded = bool(told and told.refunded)
        id_ = told.id if told else ""
        # What we heard of first may have been that it was given back.
        begin = min(told.at, invoice.made_at) if told else invoice.made_at
        async for one in self._history.since(begin - SLACK):
            if not id_ and one.payload == invoice.reference:
                id_ = one.id  # Telegram's update was lost
            if id_ and one.id == id_ and one.amount > 0:
                charged = one
                if refunded or not with_refund:
                    break
            elif id_ and one.id == id_:
                refunded = True
        if charged is None:
            if told is not None:
                raise ProviderUnavailable("Telegram told of a charge that is not among its transactions yet")
            return PaymentTruth(invoice.reference, "open" if invoice.is_open else "failed"), None
        paid = self._worth(invoice, charged.amount)
        state, given = ("refunded", paid.amount) if refunded else ("paid", 0)
        truth = PaymentTruth(invoice.reference, state, paid, given)
        return truth, charged

    def _worth(self, invoice: Invoice, stars: int) -> Money:
        """What the order asked for, where so many Stars were asked for it; else the Stars."""
        told = Money(stars, STARS)
        return invoice.asked if told == self.charges(invoice.reference, invoice.asked) else told
