"""A cart that was left: told of once, to who may be reminded."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.services import cart, reach
from handlers.shop import cart_buttons, summary

router = Router("left_cart")


@router.event("cart")
async def was_left(chat: Chat) -> None:
    """What still lies there and can be had."""
    basket = await chat.do(cart.view)
    here = await chat.do(reach.ask, chat.person.capabilities, "reminders")
    if here.leaves and any(line.available for line in basket.lines):
        words = _("You left this in your cart. Would you like to order it?")
        chat.say(words, summary=summary(chat, basket), buttons=cart_buttons(chat, shown=True))
