"""PayPal: the customer approves on its page, and the money is taken when they are back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.payments.paypal.settings import Settings

if TYPE_CHECKING:
    from bot.payments.paypal.provider import PayPal

__all__ = ["Settings", "opened"]


def opened(settings: Settings, now: Callable[[], datetime]) -> PayPal:
    """The provider of these settings."""
    from bot.payments.paypal.provider import PayPal

    return PayPal(settings, now)
