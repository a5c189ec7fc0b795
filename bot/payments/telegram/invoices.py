"""What both of Telegram's ways to be paid have in common: how an invoice is told of, and who says that it is void."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from bot.core.charges import Invoice, Invoices
from bot.core.errors import Refused
from bot.core.payment import PaymentTruth
from bot.core.unheard import HearsNoNotices
from bot.payments._settings import BotAccess
from bot.payments.telegram.calls import BotCalls


class PaidInTelegram(HearsNoNotices, ABC):
    """The part of a provider that is the same whoever moves the money."""

    unheard = "Telegram tells of payments by the bot's updates, and posts nothing here"

    def __init__(self, bot: BotAccess, invoices: Invoices, section: str, timeout: float) -> None:
        self._bot = BotCalls(bot, section, timeout)
        self._invoices = invoices

    @abstractmethod
    async def fetch(self, reference: str) -> PaymentTruth:
        """What became of it, as far as anybody can say."""

    async def void(self, reference: str) -> PaymentTruth:
        """Nobody can pay it from here on, since we say no when Telegram asks: an invoice itself cannot be closed."""
        truth = await self.fetch(reference)
        return replace(truth, state="failed") if truth.state == "open" else truth

    async def close(self) -> None:
        """Close connections."""
        await self._bot.close()

    async def _invoice(self, reference: str) -> Invoice:
        found = await self._invoices.of(reference)
        if found is None:
            raise Refused("no_payment", reference=reference)
        return found
