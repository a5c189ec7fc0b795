"""Weibo's fans service as a channel: private messages by webhook, answers in the call itself or through the API."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.weibo.channel import WeiboChannel
from bot.channels.weibo.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "Settings", "WeiboChannel", "opened"]


def opened(settings: Settings, around: Around) -> WeiboChannel:
    """One account."""
    return WeiboChannel(settings, around)
