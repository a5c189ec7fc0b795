"""What customers say in words of orders that they have: the same again, cancel it, my money back."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.router import RUN, Router
from bot.core.text import Say, _
from bot.services import orders
from bot.services.order_states import may
from bot.services.orders import OrderView
from handlers.handover import call_a_colleague
from handlers.orders import Again, Cancel, call_off, label, once_more
from handlers.shop import browse_button

router = Router("wishes")


@router.command(
    "reorder", "order again", "order the same again", "buy again", "same again", "再来一单", "再来一份", "再买一次",
    "再次购买", title=_("Order again"), acts=True,
)  # fmt: skip
async def same_again(chat: Chat) -> None:
    """What they ordered before goes into the cart."""
    found = await chat.do(orders.mine)
    if not found:
        chat.say(_("You have no orders yet."), buttons=[browse_button(chat)])
    elif len(found) == 1:
        await once_more(chat, found[0].number)
    else:
        which(chat, _("Which order would you like again?"), [(one, Again(number=one.number)) for one in found])


@router.command(
    "cancelorder", "cancel order", "cancel my order", "cancel the order", "i want to cancel my order", "取消订单",
    "我要取消订单", "取消我的订单", "我想取消订单",
)  # fmt: skip
async def no_longer_wanted(chat: Chat) -> None:
    """One that may still be cancelled."""
    found = [one for one in await chat.do(orders.mine) if may("customer", "cancel", one.state)]
    if not found:
        person = Button(chat.words(_("Talk to a person")), f"{RUN}person")
        chat.say(
            _("You have no order that can still be cancelled here."),
            buttons=[Button(chat.words(_("My orders")), f"{RUN}orders"), person],
        )
    elif len(found) == 1:
        await call_off(chat, found[0].number)
    else:
        which(chat, _("Which order shall I cancel?"), [(one, Cancel(number=one.number)) for one in found])


@router.command(
    "refund", "return", "money back", "i want a refund", "i want my money back", "return my order", "退款", "退货",
    "退钱", "我要退款", "我要退货", "我想退款", "我想退货", "换货", "我要换货",
)  # fmt: skip
async def money_back(chat: Chat) -> None:
    """Only staff give money back; they read which order it is about, and why."""
    about = await chat.ask(
        _("I am sorry to hear that. Which order is it, and what is wrong with it?"), most=500, expire="1h"
    )
    await call_a_colleague(chat, _("Refund or return: {about}", about=about))


def which(chat: Chat, question: Say, found: Sequence[tuple[OrderView, Callback]]) -> None:
    """Each of these orders with a button."""
    chat.say(question, buttons=[Button(label(chat, one), wish.pack()) for one, wish in found])
