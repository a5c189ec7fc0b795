"""Search in chat: products by any piece of what they are called."""

from __future__ import annotations

import re

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.services import product_search
from handlers.shop import browse_button, cards, cart_button, page_size

router = Router("searching")

MOST = 100  # characters of a search
SENTENCE = r"search(?: for)?\s+(\S.{0,99})|(?:搜索|查找|搜一下)[\s:：]*([^\s:：].{0,99})"


@router.command("search", "搜索", "查找", "搜商品", title=_("Search the shop"), menu=12)
async def search(chat: Chat) -> None:
    """What they look for: said along with the command, or asked for."""
    words = chat.arguments[:MOST] or await chat.ask(_("What are you looking for?"), most=MOST, expire="1h")
    await show(chat, words)


@router.pattern(SENTENCE)
async def search_for(chat: Chat) -> None:
    """In one sentence."""
    found = re.fullmatch(SENTENCE, chat.inbound.text.strip(), re.IGNORECASE)
    await show(chat, " ".join(filter(None, found.groups())) if found else chat.inbound.text[:MOST])


async def show(chat: Chat, words: str) -> None:
    """The first that were found."""
    found = await chat.do(product_search.find, words)
    if not found.products:
        chat.say(_("I found nothing for {words}.", words=words), buttons=[browse_button(chat)])
        return
    shown = cards(chat, found.products[: page_size(chat)])
    chat.say(_("Here is what I found for {words}.", words=words), cards=shown, buttons=[cart_button(chat)])
