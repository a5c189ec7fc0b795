"""The conversation of the parts about money: an order in one message, and then the shop's own way to its payment."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.router import Router
from bot.core.text import _
from bot.services import cart, orders
from bot.services.contacts import Address
from handlers.checkout import take_payment

router = Router("trading")


@router.command("buy", title=_("Buy"))
async def buys(chat: Chat) -> None:
    """`/buy tea`: one piece of it, ordered and to be paid."""
    try:
        await chat.do(cart.add, chat.arguments or "", 1)
        order = await chat.do(orders.place, Address("Ann Lee", "555 0100", "1 Tea Lane"))
    except Refused:
        chat.say("sold out")
        return
    await take_payment(chat, order.number)
