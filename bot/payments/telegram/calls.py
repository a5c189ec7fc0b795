"""The calls of the Bot API that payments need: a clear answer, or the error that says what is to be done.

Source: https://core.telegram.org/bots/api#payments
"""

from __future__ import annotations

from typing import Any

from bot.core.errors import ProviderUnavailable, Unauthorised
from bot.payments._api import Api
from bot.payments._settings import BotAccess

#: Characters: https://core.telegram.org/bots/api#createinvoicelink
MOST_TITLE, MOST_WORDS = 32, 255


class NotGranted(Exception):
    """400: `words` are Telegram's own, such as "CURRENCY_TOTAL_AMOUNT_INVALID"."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class BotCalls:
    """One bot, called with its token. `section` is the table that names its account, for errors."""

    def __init__(self, bot: BotAccess, section: str, timeout: float) -> None:
        self._api = Api("Telegram", bot.api_base, timeout)
        self._token = bot.token
        self._account = bot.account
        self._section = section

    async def call(self, method: str, **fields: Any) -> Any:
        """The result. Raises `NotGranted`, `ProviderUnavailable`, and `Unauthorised` for the bot's token."""
        answer = await self._api.call("POST", f"/bot{self._token}/{method}", json=fields)
        told = answer.json()
        if answer.status == 200 and told.get("ok") is True:
            return told.get("result")
        if answer.status in (401, 404):
            raise Unauthorised(
                f"{self._section}.account: Telegram does not know the bot {self._account!r}; copy its token again "
                "from @BotFather"
            )
        if answer.status == 400:
            raise NotGranted(str(told.get("description", "")).removeprefix("Bad Request: ")[:200])
        raise ProviderUnavailable(f"Telegram answered {answer.status}")

    async def link(self, title: str, words: str, currency: str, amount: int, payload: str, **more: str) -> str:
        """The address of a new invoice. Raises as `call`."""
        found = await self.call(
            "createInvoiceLink",
            title=title[:MOST_TITLE],
            description=_cut(words, MOST_WORDS) or title,
            payload=payload,
            currency=currency,
            prices=[{"label": title[:MOST_TITLE], "amount": amount}],
            **more,
        )
        if not (isinstance(found, str) and found.startswith("https://")):
            raise ProviderUnavailable("Telegram made an invoice without an address")
        return found

    async def name(self) -> str:
        """The bot's name. Raises as `call`."""
        return f"@{(await self.call('getMe'))['username']}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()


def _cut(words: str, most: int) -> str:
    """At most so many UTF-16 units, as Telegram counts, and no half a character."""
    return words.encode("utf-16-le")[: 2 * most].decode("utf-16-le", "ignore")
