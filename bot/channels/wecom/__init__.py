"""WeCom's customer service as a channel: a call says that there is something new, and it is pulled."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.wecom.channel import WeCom
from bot.channels.wecom.settings import Settings
from bot.core.profiles import WECOM

__all__ = ["CAPABILITIES", "Settings", "WeCom", "opened"]

#: Limits of developer.work.weixin.qq.com; texts are counted in bytes.
CAPABILITIES = WECOM


def opened(settings: Settings, around: Around) -> WeCom:
    """One company's desks."""
    return WeCom(settings, around)
