"""Bank transfer: the customer reads the shop's account, stock is held for days, and staff confirm what arrives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import Field

from bot.core.payment import Receipts, Terms
from bot.core.text import _
from bot.payments._by_hand import ByHand, ByHandSettings
from bot.settings import checks
from bot.settings.section import Listed


class Settings(ByHandSettings):
    """Bank transfer: customers read the shop's account, and staff confirm the money."""

    cure = "write the lines of your bank account into `account`, as customers are to read them"
    needed = ("account",)

    account: Listed = Field(
        default=(), description='The account, line by line: ["Parley Tea Ltd", "IBAN DE89 …", "BIC …"].'
    )
    days: int = Field(default=7, ge=1, le=60, description="For how many days the goods are kept.")


def opened(settings: Settings, _now: Callable[[], datetime], receipts: Receipts) -> ByHand:
    """The provider of these settings."""
    terms = Terms(
        currencies=frozenset(settings.currencies),
        most=checks.sums(settings.most),
        titles=settings.titles,
        hold=timedelta(days=settings.days),
        by_hand=True,
    )
    return ByHand("transfer", _("Bank transfer"), terms, settings, receipts, "\n".join(settings.account))
