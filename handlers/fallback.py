"""What nobody else understood."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from handlers.welcome import menu

router = Router("fallback")


@router.fallback
async def not_understood(chat: Chat) -> None:
    """Say so, and show what is possible."""
    shrug(chat)


def shrug(chat: Chat) -> None:
    """The words for it."""
    chat.say(_("I did not quite get that. Would one of these help?"), buttons=menu(chat))
