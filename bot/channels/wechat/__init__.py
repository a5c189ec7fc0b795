"""A WeChat official account as a channel: events by webhook, answers in the call itself or by customer service."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.wechat.channel import WeChat
from bot.channels.wechat.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "Settings", "WeChat", "opened"]


def opened(settings: Settings, around: Around) -> WeChat:
    """One account."""
    return WeChat(settings, around)
