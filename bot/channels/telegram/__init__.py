"""Telegram as a channel: updates by webhook or long polling, answers through the Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.channels.telegram.profile import CAPABILITIES, TelegramSettings

if TYPE_CHECKING:
    from bot.channels.telegram.channel import TelegramChannel

__all__ = ["CAPABILITIES", "TelegramChannel", "TelegramSettings"]


def __getattr__(name: str) -> Any:
    # aiogram takes half a second to import, even so: only who opens a channel should pay for it.
    if name == "TelegramChannel":
        from bot.channels.telegram.sparing import import_aiogram

        import_aiogram()
        from bot.channels.telegram.channel import TelegramChannel

        return TelegramChannel
    raise AttributeError(f"module {__name__} has no attribute {name}")
