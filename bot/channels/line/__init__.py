"""LINE as a channel: events by webhook, answers by reply token, and by push where there is none."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.line.channel import LineChannel
from bot.channels.line.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "LineChannel", "Settings", "opened"]


def opened(settings: Settings, around: Around) -> LineChannel:
    """One official account."""
    return LineChannel(settings, around)
