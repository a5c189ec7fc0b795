"""A provider that is paid in Telegram with its bot and its customer, and our own part of it in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core import charges
from bot.core.charges import Invoice
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import Checkout, PaymentProvider, PaymentRequest
from bot.payments._settings import BotAccess
from bot.payments.telegram.provider import TelegramPayments
from bot.payments.telegram.settings import Settings as ProviderSettings
from bot.payments.telegram_stars.provider import TelegramStars
from bot.payments.telegram_stars.settings import Settings as StarSettings
from bot.settings.secret import Secret
from tests.contracts.channel_contract import Shelf
from tests.kit.telegram_payments import PROVIDER_TOKEN, Paid
from tests.kit.telegram_server import TelegramServer

ACCOUNT = "telegram"
#: A Star in the tests' shops, so that ¥136.00 are 680 Stars.
STAR = "0.2 CNY"


@dataclass
class Notebook:
    """`Invoices` without a database: what the services keep, and what they answer when Telegram asks."""

    now: datetime
    made: dict[str, Invoice] = field(default_factory=dict)

    async def of(self, reference: str) -> Invoice | None:
        return self.made.get(reference)

    async def with_charge(self, id: str) -> Invoice | None:  # noqa: A002
        return next((one for one in self.made.values() if one.charge and one.charge.id == id), None)

    async def charged(self, begin: datetime, end: datetime) -> AsyncIterator[Invoice]:
        for one in list(self.made.values()):
            if one.charge and begin <= one.charge.at < end:
                yield one

    def opened(self, reference: str, request: PaymentRequest) -> None:
        self.made.setdefault(reference, Invoice(reference, request.key, request.amount, self.now, True))

    def closed(self, reference: str) -> None:
        self.made[reference] = replace(self.made[reference], is_open=False)

    def hears(self, inbound: Inbound) -> None:
        reference, charge = inbound.data, charges.charge_of(inbound, self.now)
        known = self.made[reference]
        if inbound.kind == charges.CHARGED_BACK:
            charge = replace(known.charge or charge, refunded=charge.paid.amount)
        self.made[reference] = replace(known, is_open=False, charge=charge)

    def problem(self, inbound: Inbound) -> str:
        known = self.made.get(inbound.data)
        return "" if known and known.is_open and known.charge is None else "no longer"


class Stars(TelegramStars):
    """Notes what it opened and closed, as the services do."""

    notes: Notebook

    async def create(self, request: PaymentRequest) -> Checkout:
        return _noted(self.notes, request, await super().create(request))

    async def void(self, reference: str) -> Any:
        truth = await super().void(reference)
        self.notes.closed(reference)
        return truth


class Cards(TelegramPayments):
    """The same."""

    notes: Notebook

    async def create(self, request: PaymentRequest) -> Checkout:
        return _noted(self.notes, request, await super().create(request))

    async def void(self, reference: str) -> Any:
        truth = await super().void(reference)
        self.notes.closed(reference)
        return truth


def _noted(notes: Notebook, request: PaymentRequest, checkout: Checkout) -> Checkout:
    notes.opened(checkout.reference, request)
    return checkout


class TelegramTill:
    """A bot that is paid: the channel pulls, allows what is open, and notes what was charged."""

    def __init__(self, server: TelegramServer, now: datetime, *, stars: bool) -> None:
        self.server = server
        self.notes = Notebook(now)
        self.asked: list[Inbound] = []
        bot = BotAccess(ACCOUNT, server.token, server.base)
        made: Stars | Cards
        if stars:
            made = Stars(StarSettings(star=STAR), bot, self.notes)
        else:
            made = Cards(ProviderSettings(provider_token=Secret(PROVIDER_TOKEN)), bot, self.notes)
        made.notes = self.notes
        self.provider: PaymentProvider = made
        self.channel = TelegramChannel(
            TelegramSettings(token=server.token, api_base=server.base, timeout=10, poll=1), Shelf().open
        )
        self.ann = server.user(42, "Ann", "zh-hans")
        self.is_at(now)

    def is_at(self, now: datetime) -> None:
        """Let it be that time."""
        self.notes.now = now
        self.server.chats.now = now.timestamp

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        for inbound in inbounds:
            if inbound.kind == charges.MAY_PAY:
                self.asked.append(inbound)
                await self.channel.admit(inbound, self.notes.problem(inbound))
            elif inbound.kind in charges.KINDS:
                self.notes.hears(inbound)
        return len(inbounds)

    async def pays(self, reference: str, other: Money | None = None) -> Paid:
        """Ann pays by the last link of this invoice, maybe an `other` sum; returns once the bot has heard of it."""
        bill = next(bill for bill in reversed(self.server.cashier.bills.values()) if bill.payload == reference)
        if other:
            bill = replace(bill, currency=other.currency, total=other.amount)
        problem = await self.server.cashier.asks(self.ann, bill)
        paid = Paid(problem=problem) if problem else Paid(await self.server.cashier.charges(self.ann, bill))
        await self.server.until(lambda: not self.server.unconfirmed)
        return paid

    async def open(self) -> None:
        await self.channel.start(self.accept)

    async def close(self) -> None:
        await self.channel.stop()
        await self.provider.close()
