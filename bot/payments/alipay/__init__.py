"""Alipay: pages for desktops and phones, and a code to scan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.payments.alipay.settings import Settings

if TYPE_CHECKING:
    from bot.payments.alipay.provider import Alipay

__all__ = ["Settings", "opened"]


def opened(settings: Settings, now: Callable[[], datetime]) -> Alipay:
    """The provider of these settings."""
    from bot.payments.alipay.provider import Alipay

    return Alipay(settings, now)
