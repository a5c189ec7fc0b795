"""The bot's transactions in Stars, as Telegram keeps them: the oldest first, a hundred at a time, found by their time.

Source: https://core.telegram.org/bots/api#getstartransactions
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.errors import ProviderUnavailable
from bot.payments.telegram.calls import BotCalls, NotGranted

PAGE = 100


@dataclass(frozen=True, slots=True)
class Transaction:
    """Stars that came in (`amount` > 0) or went out; a refund has the `id` of its payment."""

    id: str
    amount: int
    at: datetime
    payload: str = ""  # of our invoice
    payer: int = 0


class History:
    """Transactions are only ever added behind those that are there, so a place once found stays good."""

    def __init__(self, bot: BotCalls) -> None:
        self._bot = bot
        self._place = (0, datetime.min.replace(tzinfo=UTC))  # the furthest known, and when the transaction there was

    async def since(self, begin: datetime) -> AsyncIterator[Transaction]:
        """All from that time on, the oldest first. Raises `ProviderUnavailable`, `Unauthorised`."""
        offset = await self._offset(begin)
        while page := await self._page(offset):
            for one in page:
                if one.at >= begin:
                    yield one
            if len(page) < PAGE:
                return
            offset += PAGE

    async def check(self) -> None:
        """Raise `ProviderUnavailable` or `Unauthorised` where there is nothing to be read."""
        await self._page(0, 1)

    async def _offset(self, begin: datetime) -> int:
        """Of a page that has the first transaction since then, or of one before it."""
        known, at = self._place
        low = known if at < begin else 0
        step = PAGE
        while await self._is_before(low + step, begin):
            low += step
            step *= 2
        high = low + step
        while high - low > PAGE:  # the one at `low` is before it, the one at `high` is not
            middle = (low + high) // 2
            low, high = (middle, high) if await self._is_before(middle, begin) else (low, middle)
        return low

    async def _is_before(self, offset: int, begin: datetime) -> bool:
        found = await self._page(offset, 1)
        if not found or found[0].at >= begin:
            return False
        if offset > self._place[0]:
            self._place = offset, found[0].at
        return True

    async def _page(self, offset: int, limit: int = PAGE) -> list[Transaction]:
        try:
            told = await self._bot.call("getStarTransactions", offset=offset, limit=limit)
            return [_read(one) for one in told["transactions"]]
        except (NotGranted, KeyError, TypeError, ValueError) as error:
            raise ProviderUnavailable(f"Telegram does not tell its transactions: {type(error).__name__}") from None


def _read(told: Mapping[str, Any]) -> Transaction:
    source, receiver = told.get("source"), told.get("receiver")
    partner = source or receiver or {}
    sign = -1 if source is None else 1
    payer = partner.get("user", {}).get("id", 0)
    at = datetime.fromtimestamp(int(told["date"]), UTC)
    return Transaction(
        str(told["id"]), sign * int(told["amount"]), at, str(partner.get("invoice_payload", "")), int(payer)
    )
