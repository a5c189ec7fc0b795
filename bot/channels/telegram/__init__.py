"""Telegram as a channel: updates by webhook or long polling, answers through the Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.channels._account import Around
from bot.channels.telegram.profile import CAPABILITIES, TelegramSettings
from bot.channels.telegram.settings import Settings

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

__all__ = ["CAPABILITIES", "Settings", "TelegramChannel", "TelegramSettings", "opened"]


def opened(settings: Settings, around: Around) -> TelegramChannel:
    """One bot."""
    told = TelegramSettings(
        token=settings.token.reveal(),
        account=around.account,
        api_base=settings.api_base,
        webhook_url=settings.webhook_url(around.hook),
        webhook_secret=settings.webhook_secret.reveal() or around.secret,
        local_files=settings.local_files,
        commands={"": around.commands} | dict(around.commands_in),
    )
    channel: type[TelegramChannel] = __getattr__("TelegramChannel")
    return channel(told, around.open_file, posts=around.posts)


def __getattr__(name: str) -> Any:
    # aiogram takes half a second to import, even so: only who opens a channel should pay for it.
    if name == "TelegramChannel":
        from bot.channels.telegram.sparing import import_aiogram

        import_aiogram()
        from bot.channels.telegram.channel import TelegramChannel

        return TelegramChannel
    raise AttributeError(f"module {__name__} has no attribute {name}")
