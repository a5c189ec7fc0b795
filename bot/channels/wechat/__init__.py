"""A WeChat official account as a channel: events by webhook, answers in the call itself or by customer service."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.wechat.channel import WeChat
from bot.channels.wechat.settings import Settings
from bot.core.profiles import WECHAT

__all__ = ["CAPABILITIES", "Settings", "WeChat", "opened"]

#: Limits of developers.weixin.qq.com; texts are counted in bytes.
CAPABILITIES = WECHAT


def opened(settings: Settings, around: Around) -> WeChat:
    """One account."""
    return WeChat(settings, around)
