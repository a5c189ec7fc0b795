"""QQ as a channel: events by signed webhook, answers through the API v2, in private chats and in groups."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.qq.channel import QqChannel
from bot.channels.qq.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "QqChannel", "Settings", "opened"]


def opened(settings: Settings, around: Around) -> QqChannel:
    """One bot."""
    return QqChannel(settings, around)
