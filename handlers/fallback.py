"""What nobody else understood."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.services import product_search
from handlers.searching import goods, present
from handlers.welcome import menu

router = Router("fallback")


@router.fallback
async def not_understood(chat: Chat) -> None:
    """It may be for the colleague who was called, or name something that is sold; else say so, and what is possible."""
    if chat.person.waits:
        chat.say(_("Noted. A colleague will read it and answer right here."))
        return
    words = goods(chat.inbound.text)
    found = await chat.do(product_search.find, words) if words else None
    if found and found.products:
        present(chat, words, found)
    else:
        shrug(chat)


def shrug(chat: Chat) -> None:
    """The words for it."""
    chat.say(_("I did not quite get that. Would one of these help?"), buttons=menu(chat))
