"""A question that waits in another app of the same person, where we may not write now: told in one where we may."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from handlers.another_app import CHANNELS

router = Router("nudge")


@router.event("nudge")
async def waits_elsewhere(chat: Chat) -> None:
    """Which question, and where; it is answered there."""
    place, question = CHANNELS.get(chat.inbound.data, chat.inbound.data), chat.inbound.text
    chat.say(_("In {place} I asked you: {question}\nYou can go on there at any time.", place=place, question=question))
