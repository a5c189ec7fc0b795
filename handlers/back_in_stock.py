"""Something that was sold out: told when it is back, once, to who asked for it."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button
from bot.core.router import Router
from bot.core.text import _
from bot.services import reach, stock_alerts
from bot.services.catalogue import Add, Tell
from handlers import refusals
from handlers.shop import browse_button

router = Router("back_in_stock")


@router.on(Tell)
async def wait_for(chat: Chat, wanted: Tell) -> None:
    """Remember that they want it."""
    try:
        name = await chat.do(stock_alerts.ask, wanted.sku)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[browse_button(chat)])
        return
    chat.say(_("I will tell you here when {name} is back.", name=name))


@router.event("back")
async def is_back(chat: Chat) -> None:
    """It is there, and they still want to hear from us; if others were faster, the next time."""
    sku = chat.inbound.data
    found = await chat.do(stock_alerts.look, sku)
    if found is None:
        await chat.do(stock_alerts.again, sku)
        return
    here = await chat.do(reach.ask, chat.person.capabilities, "reminders")
    if not (here.leaves or here.may_wait):
        await chat.do(stock_alerts.pass_on, sku)
    else:
        button = Button(chat.words(_("Add to cart")), Add(sku=sku).pack(), style="primary")
        chat.say(_("{name} is back, as you asked.", name=found.name), buttons=[button])
