"""The smallest shop: every message is answered with what it said, once."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router

router = Router("say_back")


@router.fallback
async def say_back(chat: Chat) -> None:
    """Say it back."""
    chat.say(f"you said {chat.inbound.text}")
