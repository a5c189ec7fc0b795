"""Telegram Stars: an invoice inside the app, in Telegram's own currency, which can be asked for and given back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core.charges import Invoices
from bot.core.payment import PaymentProvider
from bot.payments._settings import BotAccess
from bot.payments.telegram_stars.settings import Settings

__all__ = ["Settings", "opened"]


def opened(settings: Settings, bot: BotAccess, invoices: Invoices, now: Callable[[], datetime]) -> PaymentProvider:  # noqa: ARG001 - Telegram's books have the times
    """The provider of these settings."""
    from bot.payments.telegram_stars.provider import TelegramStars

    return TelegramStars(settings, bot, invoices)
