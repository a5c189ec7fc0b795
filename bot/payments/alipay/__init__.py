"""Alipay: pages for desktops and phones, and a code to scan."""

from __future__ import annotations

from bot.payments.alipay.provider import Alipay, opened
from bot.payments.alipay.settings import Settings

__all__ = ["Alipay", "Settings", "opened"]
