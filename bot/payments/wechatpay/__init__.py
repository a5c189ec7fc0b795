"""WeChat Pay: a code to scan on a desktop, a page on a phone, a sheet inside WeChat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from bot.payments.wechatpay.settings import Settings

if TYPE_CHECKING:
    from bot.payments.wechatpay.provider import WeChatPay

__all__ = ["Settings", "opened"]


def opened(settings: Settings, now: Callable[[], datetime]) -> WeChatPay:
    """The provider of these settings."""
    from bot.payments.wechatpay.provider import WeChatPay

    return WeChatPay(settings, now)
