"""Search in chat: products by any piece of what they are called."""

from __future__ import annotations

import re

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.core.words import normalise
from bot.services import product_search
from bot.services.catalogue import Shelf
from handlers.shop import browse_button, cards, cart_button, page_size

router = Router("searching")

MOST = 100  # characters of a search
SENTENCE = r"search(?: for)?\s+(\S.{0,99})|(?:搜索|查找|搜一下)[\s:：]*([^\s:：].{0,99})"

#: Characters of what may be the name of something, where nobody said that they search.
NAME = 40
#: What is around it when somebody asks whether there is something, what it costs, or says that they want it.
ABOUT = (
    r"^(?:hi\b|hello\b|请问|你好|您好)[,，]?",
    r"^(?:(?:do|have) you (?:have|got|sell)|i(?:'d| would) like|i (?:want|need)|is there|show me)(?= |$)",
    r"^(?:(?:what is |what's )?(?:the )?price (?:of|for)|how much (?:is|are|does)|(?:to )?(?:buy|order))(?= |$)",
    r"^(?:the|an?|some|any|your)(?= |$)",
    r",? (?:cost|please|in stock)$",
    r"^(?:你们|您这|这里)?(?:还?有没有|还?有|(?:我?想要?|我要|要|来)(?:买|看看?|订|点|一?[份个盒罐套斤包])?|买)",
    r"(?:(?:还|现在)?有(?:现?货)?吗?|有没有现?货?|(?:是|要)?多少钱|怎么卖|什么价格?|的?价格(?:是多少)?|吗|呢)$",
)


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


def goods(text: str) -> str:
    """What a short text may name of what is sold: all of it, or what its sentence is about; "" for none."""
    said = normalise(text) if len(text) <= 2 * NAME else ""
    for sentence in ABOUT:
        said = re.sub(sentence, "", said).strip()
    least = 3 if said.isascii() else 2
    return said if least <= len(said) <= NAME and len(said.split()) <= 4 and not said.isdecimal() else ""


async def show(chat: Chat, words: str) -> None:
    """The first that were found."""
    found = await chat.do(product_search.find, words)
    if found.products:
        present(chat, words, found)
    else:
        chat.say(_("I found nothing for {words}.", words=words), buttons=[browse_button(chat)])


def present(chat: Chat, words: str, found: Shelf) -> None:
    """As many of them as are shown at once."""
    shown = cards(chat, found.products[: page_size(chat)])
    chat.say(_("Here is what I found for {words}.", words=words), cards=shown, buttons=[cart_button(chat)])
