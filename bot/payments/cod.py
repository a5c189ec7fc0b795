"""Cash on delivery: the order is packed and sent unpaid, and staff confirm what the courier brings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import Field

from bot.core.payment import Receipts, Terms
from bot.core.text import _
from bot.payments._by_hand import ByHand, ByHandSettings
from bot.settings import checks
from bot.settings.section import Listed


class Settings(ByHandSettings):
    """Cash on delivery: orders are sent unpaid, and staff confirm the money."""

    cure = "set `enabled`, and the calling codes of the countries to which you deliver so"
    needed = ("enabled",)

    enabled: bool = Field(default=False, description="Offer it.")
    calling_codes: Listed = Field(
        default=(),
        description='Countries where it is offered, by the calling code of the courier\'s phone number, like "+86"; a '
        "number without one is of your own country; empty: everywhere.",
    )


def opened(settings: Settings, _now: Callable[[], datetime], receipts: Receipts) -> ByHand:
    """The provider of these settings."""
    terms = Terms(
        currencies=frozenset(settings.currencies),
        most=checks.sums(settings.most),
        titles=settings.titles,
        calling_codes=settings.calling_codes,
        on_delivery=True,
        by_hand=True,
    )
    return ByHand("cod", _("Cash on delivery"), terms, settings, receipts)
