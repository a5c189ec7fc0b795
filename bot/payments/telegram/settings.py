"""What an operator sets for payments in Telegram by a provider that Telegram works with."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.core.money import exponent
from bot.payments._settings import BotSettings
from bot.settings.secret import Secret
from bot.settings.section import Listed

#: Telegram has other decimals for these than the world.
OTHER_DECIMALS = frozenset({"PYG", "UGX"})
_LIMIT = re.compile(r"([A-Z]{3}) (\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")


def limits(lines: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """The least and the most by currency, in minor units. Raises ValueError that says what is wrong."""
    found = {}
    for line in lines:
        match = _LIMIT.fullmatch(line.strip())
        if match is None:
            raise ValueError(f'{line!r} is no limit; write it like "USD 1-10000"')
        currency = match[1]
        if currency in OTHER_DECIMALS:
            raise ValueError(f"{currency} has other decimals at Telegram than in this shop: it cannot be paid by this")
        least, most = (Decimal(part).scaleb(exponent(currency)) for part in match.groups()[1:])
        if least != int(least) or most != int(most):
            raise ValueError(f"{line!r} has more decimals than {currency}")
        if not 0 < least <= most:
            raise ValueError(f"{line!r}: the first must be more than nothing, and not more than the second")
        found[currency] = int(least), int(most)
    return found


def _checked(lines: tuple[str, ...]) -> tuple[str, ...]:
    if not limits(lines):
        raise ValueError('name at least one currency, like "USD 1-10000"')
    return lines


class Settings(BotSettings):
    """Cards and wallets inside Telegram, by a provider that was connected to the bot."""

    cure = (
        "connect a payment provider to the bot (@BotFather, /mybots, Payments), copy its token to `provider_token`, "
        "and see that `account` is the bot's channel account"
    )
    needed = ("provider_token",)

    provider_token: Secret = Field(default=Secret(), description="@BotFather, /mybots, the bot, Payments.")
    limits: Annotated[Listed, AfterValidator(_checked)] = Field(
        default=(
            "USD 1-10000", "EUR 1-8000", "GBP 1-7000", "CNY 10-60000", "HKD 10-70000", "TWD 40-300000",
            "JPY 200-1000000", "SGD 2-12000", "AUD 2-14000",
        ),
        description="Currencies that the provider takes, with the least and the most of one payment: see docs.",
    )  # fmt: skip
