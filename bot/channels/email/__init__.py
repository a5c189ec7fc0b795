"""E-mail as a channel: mails are pulled from a mailbox over IMAP, and answers leave over SMTP within their thread."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels.email.channel import EmailChannel
from bot.channels.email.settings import CAPABILITIES, Settings

__all__ = ["CAPABILITIES", "EmailChannel", "Settings", "opened"]


def opened(settings: Settings, around: Around) -> EmailChannel:
    """One mailbox."""
    return EmailChannel(settings, around)
