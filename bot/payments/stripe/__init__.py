"""Stripe: cards and wallets, on its Checkout page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.payments.stripe.settings import Settings

if TYPE_CHECKING:
    from bot.payments.stripe.provider import Stripe

__all__ = ["Settings", "opened"]


def opened(settings: Settings, now: Callable[[], datetime]) -> Stripe:
    """The provider of these settings."""
    from bot.payments.stripe.provider import Stripe

    return Stripe(settings, now)
