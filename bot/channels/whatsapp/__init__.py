"""WhatsApp: one number of the Cloud API, by webhook and Graph.

https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.whatsapp.channel import WhatsAppChannel
from bot.channels.whatsapp.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "Settings", "WhatsAppChannel", "opened"]


def opened(settings: Settings, around: Around) -> WhatsAppChannel:
    """One number."""
    return WhatsAppChannel(settings, around)
