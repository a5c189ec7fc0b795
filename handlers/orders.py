"""The customer's orders: where they are, paying them, cancelling them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button, Summary
from bot.core.router import RUN, Router
from bot.core.text import Text, _, _n
from bot.services import deliveries, orders, reach, refunds, reorder
from bot.services.order_states import ARRIVED, PARTLY, may
from bot.services.orders import OrderView
from bot.services.refunds import RefundView
from handlers import parcels, refusals
from handlers.charges import order_summary
from handlers.checkout import Pay
from handlers.review import Review
from handlers.shop import browse_button, cart_button, cart_buttons
from handlers.shop import summary as cart_summary

router = Router("orders")

STATES = {
    "placed": _("waiting for payment"),
    "paid": _("paid"),
    "confirmed": _("confirmed, to be paid on delivery"),
    "preparing": _("being packed"),
    "packed": _("packed"),
    "partly_shipped": _("partly on its way"),
    "shipped": _("on its way"),
    "delivered": _("delivered"),
    "completed": _("completed"),
    "cancelled": _("cancelled"),
    "expired": _("expired"),
    "returned": _("returned"),
    "refunded": _("refunded"),
}
NEWS = {
    "preparing": _("Order {number} is being packed."),
    "packed": _("Order {number} is packed and will leave soon."),
    "shipped": _("Order {number} is on its way to you."),
    "delivered": _("Order {number} has been delivered. Enjoy."),
    "completed": _("Order {number} is completed. Thank you."),
    "cancelled": _("Order {number} has been cancelled."),
    "expired": _("Order {number} was not paid in time, so its items are back on the shelf."),
    "returned": _("Order {number} has come back to us."),
    "refunded": _("The money for order {number} is on its way back to you."),
}
#: What is over can be ordered once more.
AGAIN = ("delivered", "completed", "cancelled", "expired", "returned", "refunded")
#: Of what somebody asks who would like to know where their order is: at the till, perhaps.
UNDER_WAY = ("placed", "paid", "confirmed", "preparing", "packed", "partly_shipped", "shipped")


class Show(Callback, prefix="order"):
    """One order."""

    number: str


class Cancel(Callback):
    """Cancel an order."""

    number: str


class Received(Callback):
    """The order has come."""

    number: str


class Again(Callback):
    """Put what was in this order into the cart."""

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
    say_order(chat, order)


def say_order(chat: Chat, order: OrderView) -> None:
    """An order with its lines, what it left as, and what can be done with it now: one message, for they are counted."""
    head = chat.words(_("Order {number} is {state}.", number=order.number, state=state(order)))
    text = "\n".join([head, *parcels.way(chat, order)])
    chat.say(text, summary=order_summary(chat, order), buttons=actions(chat, order))


@router.command(
    "track", "where is my order", "where's my order", "track my order", "物流", "查物流", "我的快递", "订单到哪了",
    title=_("Where is my order?"),
)  # fmt: skip
async def where(chat: Chat) -> None:
    """The orders that are under way; else where to see the others."""
    under_way = [order for order in await chat.do(orders.mine) if order.state in UNDER_WAY]
    for order in under_way[:3]:
        say_order(chat, order)
    if not under_way:
        buttons = [Button(chat.words(_("My orders")), f"{RUN}orders"), browse_button(chat)]
        chat.say(_("No order of yours is under way."), buttons=buttons)


@router.on(Received)
async def received(chat: Chat, wanted: Received) -> None:
    """They have it; how it was is theirs to say."""
    try:
        order = await chat.do(deliveries.receive, wanted.number)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    chat.say(_("Thank you. Order {number} is completed. Enjoy.", number=order.number), buttons=actions(chat, order))


@router.on(Again)
async def again(chat: Chat, wanted: Again) -> None:
    """The same once more."""
    await once_more(chat, wanted.number)


async def once_more(chat: Chat, number: str) -> None:
    """What was in that order goes into the cart, as far as it can be bought."""
    try:
        found = await chat.do(reorder.again, number)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    for short in found.short:
        chat.say(refusals.short(short.name, short.available))
    if found.added:
        chat.say(
            _("In your cart again, from order {number}:", number=number),
            summary=cart_summary(chat, found.cart),
            buttons=cart_buttons(chat),
        )
    elif found.cart.lines:
        chat.say(_("Nothing was added to your cart."), buttons=[cart_button(chat), browse_button(chat)])
    else:
        chat.say(_("None of it is for sale any more."), buttons=[browse_button(chat)])


@router.on(Cancel)
async def cancel(chat: Chat, wanted: Cancel) -> None:
    """Cancel it."""
    await call_off(chat, wanted.number)


async def call_off(chat: Chat, number: str) -> None:
    """Cancel after asking once."""
    sure = await chat.confirm(_("Shall I cancel order {number}?", number=number), expire="1d")
    if not sure:
        chat.say(_("All right, the order stays."))
        return
    try:
        order = await chat.do(orders.cancel, number)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    chat.say(_("Order {number} has been cancelled.", number=order.number))
    if order.paid_at:
        chat.say(_("A colleague will send your money back."))
        await chat.hand_over(_("A paid order was cancelled and wants its money back."), priority="high")


@router.event("order")
async def took_a_step(chat: Chat) -> None:
    """The shop packed it, sent it or a part of it, or its time ran out; or gave a part of its money back."""
    refund = await chat.do(refunds.find, chat.inbound.data)
    if refund is not None:
        await given_back(chat, refund)
        return
    order = await chat.do(orders.find, chat.inbound.data)
    if order is None:
        return
    what, _colon, parcel = chat.inbound.text.rpartition(":")
    sent = next((one for one in order.shipments if str(one.id) == parcel), None)
    if sent is not None and what == "tracked":
        await tell(chat, parcels.tracked(order, sent), parcels.track(chat, sent.parcel))
    elif sent is not None:
        last = parcels.parcels_of(order, sent)[-1:]
        await tell(chat, parcels.part(order, sent), [button for one in last for button in parcels.track(chat, one)])
    elif chat.inbound.text == "cancelled":
        await tell(chat, parcels.called_off(order))
    elif order.state in NEWS:
        await tell(chat, news(order), follow_up(chat, order))


def news(order: OrderView) -> Text:
    """What its state is told by."""
    if order.state == "shipped" and order.is_split:
        return parcels.rest(order)
    said = Text(NEWS[order.state].id, (("number", order.number),))
    if order.state != "shipped" or not order.shipments:
        return said
    return parcels.with_parcels(said, parcels.parcels_of(order, parcels.newest(order)[0]))


@router.event("offer", always=True)
async def offered(chat: Chat) -> None:
    """Staff have put an order together for them, or changed one; only they can pay it."""
    order = await chat.do(orders.find, chat.inbound.data)
    if order is None or order.state != "placed":
        return
    pay = Button(chat.words(_("Pay {amount}", amount=order.total)), Pay(number=order.number).pack(), style="primary")
    text = _("Order {number} has been changed: it is {amount} now.", number=order.number, amount=order.total)
    if chat.inbound.text != "changed":
        text = ready(order)
    await tell(chat, text, [pay], order_summary(chat, order))


def ready(order: OrderView) -> Text:
    """It is there, and for how long."""
    return _n(
        "Order {number} is ready for you, and reserved for {count} minute. Please pay it here.",
        "Order {number} is ready for you, and reserved for {count} minutes. Please pay it here.",
        order.hold_minutes,
        number=order.number,
    )


async def given_back(chat: Chat, refund: RefundView) -> None:
    """Some money is on its way back; of all of it, the order's own step has told."""
    order = await chat.do(orders.find, refund.order_number)
    if order is not None and order.state != "refunded":
        await tell(
            chat,
            _("{amount} for order {number} are on their way back to you.", amount=refund.amount, number=order.number),
        )


async def tell(chat: Chat, news: Text, buttons: Sequence[Button] = (), summary: Summary | None = None) -> None:
    """Say what nobody asked for, where that can be said."""
    found = await chat.do(reach.ask, chat.person.capabilities)
    if found.leaves or found.may_wait:
        chat.say(news, buttons=buttons, summary=summary)


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
    if may("customer", "cancel", order.state):
        buttons.append(Button(chat.words(_("Cancel this order")), Cancel(number=order.number).pack()))
    return [*buttons, *follow_up(chat, order)]


def follow_up(chat: Chat, order: OrderView) -> list[Button]:
    """What is there to do once an order goes its way, or is over."""
    buttons = []
    if order.state in (PARTLY, "shipped"):
        buttons += [button for parcel in order.parcels[-1:] for button in parcels.track(chat, parcel)]
    if may("customer", "complete", order.state):
        buttons.append(Button(chat.words(_("I received it")), Received(number=order.number).pack(), style="primary"))
    if order.state in ARRIVED and order.paid_at:
        buttons.append(Button(chat.words(_("Leave a review")), Review(number=order.number).pack()))
    if order.state in AGAIN:
        buttons.append(Button(chat.words(_("Order again")), Again(number=order.number).pack()))
    return buttons
