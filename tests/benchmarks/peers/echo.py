"""The handler that the Telegram benchmark loads in place of the shop's."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router

router = Router("echo")


@router.fallback
async def echo(chat: Chat) -> None:
    """Say again what was said."""
    chat.say(f"You said: {chat.inbound.text}")
