"""The conversation of the fault tests: every message is answered with itself, once."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router

router = Router("echo")


@router.fallback
async def echo(chat: Chat) -> None:
    """Say it back."""
    chat.say(f"echo {chat.inbound.text}")
