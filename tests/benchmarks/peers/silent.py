"""The handler of the web chat's benchmark that keeps quiet: what is left is the message itself, kept and shown."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router

router = Router("silent")


@router.fallback
async def silent(chat: Chat) -> None:
    """Say nothing."""
