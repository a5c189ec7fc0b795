"""Browsing by category: which ones there are, and the products of one, a page at a time."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.router import Router
from bot.core.text import _
from bot.services import catalogue, categories
from bot.services.categories import Kinds
from bot.services.listing import Wanted
from handlers.shop import browse_button, cards, cart_button, kinds_button, page_size

router = Router("kinds")

#: Categories that are offered at once.
MOST = 9


class OfKind(Callback, prefix="kind"):
    """A page of the products of a category."""

    code: str
    page: int


@router.command("categories", "category", "分类", "商品分类")
@router.on(Kinds)
async def choose(chat: Chat, wanted: Kinds | None = None) -> None:
    """A button for each of them."""
    found = await chat.do(categories.sold, wanted.after if wanted else "", MOST + 1)
    if not found:
        chat.say(_("That is all we have."), buttons=[browse_button(chat)])
        return
    shown = found[:MOST]
    buttons = [Button(one.called(chat.locale), OfKind(one.code, 0).pack()) for one in shown]
    if len(found) > MOST:
        buttons.append(Button(chat.words(_("More")), Kinds(shown[-1].code).pack()))
    chat.say(_("What are you looking for?"), buttons=buttons)


@router.on(OfKind)
async def of_kind(chat: Chat, wanted: OfKind) -> None:
    """Some of its products, and how to see more of them."""
    size = page_size(chat)
    shelf = await chat.do(catalogue.products, wanted.page * size, size, Wanted(category=wanted.code))
    if not shelf.products:
        chat.say(_("That is all we have."), buttons=[kinds_button(chat), cart_button(chat)])
        return
    more = [Button(chat.words(_("More")), OfKind(wanted.code, wanted.page + 1).pack())] if shelf.more else []
    name = shelf.products[0].category_name
    text = _("{category}: here is what we have.", category=name) if wanted.page == 0 else _("And here is more.")
    chat.say(text, cards=cards(chat, shelf.products), buttons=[*more, kinds_button(chat), cart_button(chat)])
