"""A handler that thinks: ten milliseconds of processor time for each message, and the echo's answer."""

from __future__ import annotations

import time

from bot.core.chat import Chat
from bot.core.router import Router

SECONDS = 0.010
router = Router("work")


@router.fallback
async def work(chat: Chat) -> None:
    """Think, then say again what was said."""
    ends = time.thread_time() + SECONDS
    while time.thread_time() < ends:
        pass
    chat.say(f"You said: {chat.inbound.text}")
