"""Payments inside Telegram by a provider that Telegram works with: the money goes to the shop's account there.

Telegram has no call that tells of such a payment. What there is, is what it told the bot once the customer had paid,
over a way that only Telegram has: its secret with the webhook, or its own server when updates are pulled. That is the
proof, kept as it came before Telegram was told so, and `fetch` reads it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn

from bot.core.charges import Invoice, Invoices
from bot.core.errors import ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, PaymentRequest, PaymentTruth, Terms
from bot.core.text import _
from bot.payments._settings import BotAccess
from bot.payments.telegram.calls import NotGranted
from bot.payments.telegram.invoices import PaidInTelegram
from bot.payments.telegram.settings import Settings, limits

SECTION = "payments.telegram"


class TelegramPayments(PaidInTelegram):
    """One bot with one provider."""

    name = "telegram"
    title = _("Card or wallet, here in Telegram")

    def __init__(self, settings: Settings, bot: BotAccess, invoices: Invoices) -> None:
        super().__init__(bot, invoices, SECTION, settings.timeout)
        known = limits(settings.limits)
        self.terms = Terms(
            frozenset({"chat"}),
            frozenset(known),
            {currency: least for currency, (least, _most) in known.items()},
            {currency: most for currency, (_least, most) in known.items()},
            account=bot.account,
        )
        self._token = settings.provider_token

    def charges(self, reference: str, asked: Money) -> Money:  # noqa: ARG002
        """What was asked for: the provider takes the shop's own currency."""
        return asked

    async def create(self, request: PaymentRequest) -> Checkout:
        """Make a link to an invoice. Each call makes one, and all of them are the same payment: we let one be paid.

        Raises `ProviderUnavailable`, `Refused("wrong_amount")`, `Unauthorised`.
        """
        if not self.terms.takes(request.amount, self.terms.account):
            raise Refused("wrong_amount", amount=request.amount)
        url = await self._link(request.order_number, request.description, request.amount, request.key)
        return Checkout(request.key, url=url)

    async def fetch(self, reference: str) -> PaymentTruth:
        """What Telegram told of it. Raises `Refused("no_payment")`."""
        return truth_of(await self._invoice(reference))

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> NoReturn:  # noqa: ARG002
        """Telegram gives nothing back that a provider has: staff do it in the provider's dashboard.

        Raises `Refused`: "elsewhere"(number), the provider's own of the payment; "no_payment", "not_paid", "too_much".
        """
        truth = truth_of(invoice := await self._invoice(reference))
        if truth.paid is None or invoice.charge is None:
            raise Refused("not_paid", reference=reference)
        if amount.currency != truth.paid.currency or not 0 < amount.amount <= truth.paid.amount:
            raise Refused("too_much", reference=reference, left=truth.paid)
        raise Refused("elsewhere", number=invoice.charge.other_id or invoice.charge.id)

    async def fetch_refund(self, reference: str, key: str) -> None:
        """None: Telegram knows of no refund of a provider's."""

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What Telegram told of that day, UTC; the provider's own books are in its dashboard."""
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        async for one in self._invoices.charged(begin, begin + timedelta(days=1)):
            if one.charge is not None:
                yield Booking(one.charge.id, one.charge.paid, one.charge.at, one.key)

    async def who(self) -> str:
        """The bot, once Telegram has made an invoice of its provider; nobody can pay that one.

        Raises `ProviderUnavailable`, `Unauthorised`.
        """
        currency, amount = next(iter(self.terms.least.items()))
        least = Money(amount, currency)
        try:
            await self._link("bot check", "", least, "check")
        except Refused as error:
            raise ProviderUnavailable(
                f"{SECTION}.limits: Telegram takes no payment of {least.decimal} {currency}; correct its limits"
            ) from error
        return await self._bot.name()

    async def _link(self, title: str, words: str, amount: Money, payload: str) -> str:
        try:
            return await self._bot.link(
                title, words, amount.currency, amount.amount, payload, provider_token=self._token.reveal()
            )
        except NotGranted as error:
            raise _meant(error, amount) from None


def truth_of(invoice: Invoice) -> PaymentTruth:
    """What was told; an invoice of which nothing was told is open until we let nobody pay it any more."""
    charge = invoice.charge
    if charge is None:
        return PaymentTruth(invoice.reference, "open" if invoice.is_open else "failed")
    state = "refunded" if charge.refunded >= charge.paid.amount else "paid"
    return PaymentTruth(invoice.reference, state, charge.paid, charge.refunded)


def _meant(error: NotGranted, amount: Money) -> Exception:
    if "PROVIDER" in error.words:
        return Unauthorised(
            f"{SECTION}.provider_token: Telegram does not take it for this bot ({error.words}); copy it again from "
            "@BotFather, /mybots, Payments"
        )
    if "AMOUNT" in error.words or "CURRENCY" in error.words:
        return Refused("wrong_amount", amount=amount)
    return ProviderUnavailable(f"Telegram makes no invoice: {error.words}")
