"""Telegram's own payments: an invoice inside the app, charged by a provider that was connected to the bot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core.charges import Invoices
from bot.core.payment import PaymentProvider
from bot.payments._settings import BotAccess
from bot.payments.telegram.settings import Settings

__all__ = ["Settings", "opened"]


def opened(settings: Settings, bot: BotAccess, invoices: Invoices, now: Callable[[], datetime]) -> PaymentProvider:  # noqa: ARG001 - what was told has its time
    """The provider of these settings."""
    from bot.payments.telegram.provider import TelegramPayments

    return TelegramPayments(settings, bot, invoices)
