"""X as a channel: direct messages by signed webhook, answers through the API v2; encrypted chats cannot be read."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.x.channel import XChannel
from bot.channels.x.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "Settings", "XChannel", "opened"]


def opened(settings: Settings, around: Around) -> XChannel:
    """One account."""
    return XChannel(settings, around)
