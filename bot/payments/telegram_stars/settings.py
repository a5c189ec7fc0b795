"""What an operator sets for payments in Telegram Stars."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.payments._settings import BotSettings

_WORTH = re.compile(r"(\d+(?:\.\d+)?) ([A-Z]{3})")


def worth(star: str) -> tuple[Decimal, str]:
    """What a Star stands for: major units, and the currency. Raises ValueError that says what is wrong."""
    match = _WORTH.fullmatch(star.strip())
    if match is None or not Decimal(match[1]):
        raise ValueError(f'{star!r} is no price of a Star; write it like "0.013 USD"')
    return Decimal(match[1]), match[2]


def _checked(star: str) -> str:
    if star:
        worth(star)
    return star


class Settings(BotSettings):
    """Telegram Stars: what Telegram wants digital goods and services to be paid in."""

    cure = (
        'set `star` to what a Star stands for in the shop\'s currency, like "0.013 USD", and see that `account` is '
        "the bot's channel account"
    )
    needed = ("star",)

    star: Annotated[str, AfterValidator(_checked)] = Field(
        default="", description='What one Star stands for, like "0.013 USD"; orders are rounded up to whole Stars.'
    )
    most: int = Field(default=10_000, ge=1, description="The most Stars that Telegram takes at once.")
