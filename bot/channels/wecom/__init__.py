"""WeCom's customer service as a channel: a call says that there is something new, and it is pulled."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.wecom.channel import WeCom
from bot.channels.wecom.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "Settings", "WeCom", "opened"]


def opened(settings: Settings, around: Around) -> WeCom:
    """One company's desks."""
    return WeCom(settings, around)
