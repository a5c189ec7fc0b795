"""WeChat Pay: a code to scan on a desktop, a page on a phone, a sheet inside WeChat."""

from __future__ import annotations

from bot.payments.wechatpay.provider import WeChatPay, opened
from bot.payments.wechatpay.settings import Settings

__all__ = ["Settings", "WeChatPay", "opened"]
