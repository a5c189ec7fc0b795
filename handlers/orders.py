"""The customer's orders: where they are, paying them, cancelling them."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button
from bot.core.router import RUN, Router
from bot.core.text import Text, _
from bot.services import orders, reach, refunds
from bot.services.orders import OrderView
from bot.services.refunds import RefundView
from handlers import refusals
from handlers.checkout import Pay, order_summary
from handlers.shop import browse_button

router = Router("orders")

STATES = {
    "placed": _("waiting for payment"),
    "paid": _("paid"),
    "confirmed": _("confirmed, to be paid on delivery"),
    "preparing": _("being packed"),
    "shipped": _("on its way"),
    "completed": _("delivered"),
    "cancelled": _("cancelled"),
    "expired": _("expired"),
    "refunded": _("refunded"),
}
NEWS = {
    "preparing": _("Order {number} is being packed."),
    "shipped": _("Order {number} is on its way to you."),
    "completed": _("Order {number} has been delivered. Enjoy."),
    "cancelled": _("Order {number} has been cancelled."),
    "expired": _("Order {number} was not paid in time, so its items are back on the shelf."),
    "refunded": _("The money for order {number} is on its way back to you."),
}


class Show(Callback, prefix="order"):
    """One order."""

    number: str


class Cancel(Callback):
    """Cancel an order."""

    number: str


@router.command("orders", "my orders", "order status", "我的订单", "订单", "查订单", title=_("My orders"), menu=20)
async def mine(chat: Chat) -> None:
    """The latest orders."""
    found = await chat.do(orders.mine)
    if not found:
        chat.say(_("You have no orders yet."), buttons=[browse_button(chat)])
        return
    buttons = [Button(label(chat, order), Show(number=order.number).pack()) for order in found]
    chat.say(_("Here are your orders. Which one would you like to see?"), buttons=buttons)


@router.on(Show)
async def show(chat: Chat, wanted: Show) -> None:
    """One order, and what can be done with it now."""
    order = await chat.do(orders.find, wanted.number)
    if order is None:
        chat.say(_("I cannot find that order among yours."))
        return
    chat.say(
        _("Order {number} is {state}.", number=order.number, state=state(order)),
        summary=order_summary(chat, order),
        buttons=actions(chat, order),
    )


@router.on(Cancel)
async def cancel(chat: Chat, wanted: Cancel) -> None:
    """Cancel after asking once."""
    sure = await chat.confirm(_("Shall I cancel order {number}?", number=wanted.number), expire="1d")
    if not sure:
        chat.say(_("All right, the order stays."))
        return
    try:
        order = await chat.do(orders.cancel, wanted.number)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    chat.say(_("Order {number} has been cancelled.", number=order.number))
    if order.paid_at:
        chat.say(_("A colleague will send your money back."))
        await chat.hand_over(_("A paid order was cancelled and wants its money back."), priority="high")


@router.event("order")
async def took_a_step(chat: Chat) -> None:
    """The shop packed it, shipped it, or its time ran out; or gave a part of its money back."""
    refund = await chat.do(refunds.find, chat.inbound.data)
    if refund is not None:
        await given_back(chat, refund)
        return
    order = await chat.do(orders.find, chat.inbound.data)
    if order is None or order.state not in NEWS:
        return
    await tell(chat, Text(NEWS[order.state].id, (("number", order.number),)))


async def given_back(chat: Chat, refund: RefundView) -> None:
    """Some money is on its way back; of all of it, the order's own step has told."""
    order = await chat.do(orders.find, refund.order_number)
    if order is not None and order.state != "refunded":
        await tell(
            chat,
            _("{amount} for order {number} are on their way back to you.", amount=refund.amount, number=order.number),
        )


async def tell(chat: Chat, news: Text) -> None:
    """Say what nobody asked for, where that can be said."""
    found = await chat.do(reach.ask, chat.person.capabilities)
    if found.leaves or found.may_wait:
        chat.say(news)


def label(chat: Chat, order: OrderView) -> str:
    """`P7K2-4M9Q · ¥136.00 · paid`."""
    return " · ".join([order.number, order.total.format(chat.locale), chat.words(state(order))])


def state(order: OrderView) -> Text:
    """The order's state in words."""
    known = STATES[order.state]
    return _("{state}, partly refunded", state=known) if order.refunded and order.state != "refunded" else known


def actions(chat: Chat, order: OrderView) -> list[Button]:
    """What the customer can do with an order in its state."""
    buttons = []
    if order.state == "placed":
        buttons.append(Button(chat.words(_("Pay now")), Pay(number=order.number).pack(), style="primary"))
    if order.state in ("placed", "paid", "confirmed", "preparing"):
        buttons.append(Button(chat.words(_("Cancel this order")), Cancel(number=order.number).pack()))
    if order.state in ("shipped", "completed"):
        buttons.append(Button(chat.words(_("Leave a review")), f"{RUN}review", style="primary"))
    return buttons
