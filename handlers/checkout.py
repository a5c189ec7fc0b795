"""From the cart to a paid order."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import CallFailed, Chat
from bot.core.errors import Refused
from bot.core.message import Button
from bot.core.router import Router
from bot.core.text import Text, _, _n
from bot.services import calls, cart, orders, payments, pricing, settlement
from bot.services.cart import CartItem
from bot.services.contacts import Address
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.scope import PayWay
from bot.services.settlement import Settlement
from handlers import refusals
from handlers.charges import order_summary, priced_summary
from handlers.delivery import delivery, line
from handlers.shop import browse_button, cart_button
from handlers.shop import summary as cart_summary
from handlers.terms import Terms, shipped_by

router = Router("checkout")

#: Characters of what the customer wants us to know.
NOTE = 500


#: Why staff are called, by what settling says that they must hear of.
ALARMS = {
    "disputed": _("A payment is disputed: answer at its provider."),
    "refund_failed": _("A refund came back: see the order."),
}


class Pay(Callback):
    """Pay an order that waits."""

    number: str


@router.command("checkout", "check out", "结账", "去结账", "下单")
async def check_out(chat: Chat) -> None:
    """Where to, at which price, and then the payment."""
    basket = await chat.do(cart.view)
    if not basket.lines:
        chat.say(_("Your cart is empty."), buttons=[browse_button(chat)])
        return
    to = await delivery(chat)
    wanted = await terms(chat, to.country)
    if wanted is None:
        return
    order = await agree(chat, to, wanted)
    if order is None:
        return
    chat.say(
        _n(
            "Thank you. Order {number} is reserved for you for {count} minute.",
            "Thank you. Order {number} is reserved for you for {count} minutes.",
            order.hold_minutes,
            number=order.number,
        )
    )
    await take_payment(chat, order.number)


async def take_payment(chat: Chat, number: str) -> None:
    """By which of the shop's ways, and then the link to it."""
    ways = await chat.do(payments.ways, number)
    if not ways:
        await in_person(chat, _("An order wants to be paid, and this shop has no way to be paid."))
        return
    way = ways[0]
    if len(ways) > 1:
        way = await chat.choose(_("How would you like to pay?"), ways, label=title_of, expire="1d")
    try:
        payment = await chat.do(payments.begin, number, way.name)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    try:
        opened = await chat.call(calls.OPEN_PAYMENT, payment.key)
    except CallFailed as failure:
        if failure.code == "wrong_amount" and len(ways) == 1:  # it would be no other one the next time
            await in_person(chat, _("Order {number} cannot be paid: its provider asks for another sum.", number=number))
            return
        chat.say(_("The payment could not be opened just now. Say /orders to try again."))
        return
    ask_to_pay(chat, opened)


async def in_person(chat: Chat, reason: Text) -> None:
    """There is no way to pay it here."""
    chat.say(_("A colleague will tell you how to pay."))
    await chat.hand_over(reason, priority="high")


def title_of(way: PayWay) -> Text:
    """A way to pay, for the customer."""
    return Text(way.title)


@router.on(Pay, always=True)
async def pay(chat: Chat, wanted: Pay) -> None:
    """Open the payment page of an order that waits."""
    await take_payment(chat, wanted.number)


async def terms(chat: Chat, country: str) -> Terms | None:
    """What the order costs besides the goods, as far as the customer chooses it; None where nothing is shipped."""
    try:
        methods = await chat.do(pricing.methods, country)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[cart_button(chat)])
        return None
    method = methods[0] if methods else None
    if len(methods) > 1:
        method = await chat.choose(_("How shall we send it?"), methods, label=shipped_by(chat), expire="1d")
    code = await discount(chat) if await chat.do(pricing.has_codes) else ""
    return Terms(method.name if method else "", code)


async def discount(chat: Chat) -> str:
    """A code that the customer has, "" where they have none."""
    while True:
        typed = await chat.ask(
            _("Do you have a discount code? If not, say “skip”."), optional=True, most=40, expire="1d"
        )
        if not typed:
            return ""
        try:
            await chat.do(pricing.check_code, typed)
        except Refused as refusal:
            chat.say(refusals.words(refusal))
            continue
        return typed


async def agree(chat: Chat, to: Address, wanted: Terms) -> OrderView | None:
    """The order, once the customer has said yes to its prices; None when it is not placed."""
    note = ""
    while True:
        basket = await chat.do(cart.view)
        for item in basket.lines:
            if item.was:
                chat.say(changed_price(item))
        await chat.do(cart.accept_prices)  # the customer has been told of each; the confirmation is theirs
        try:
            parts = await chat.do(pricing.quote, to.country, wanted.method, wanted.code)
        except Refused as refusal:
            keep_cart(chat, refusal)
            return None
        sure = await chat.decide(
            placing(chat, to, note),
            yes=_("Place the order"),
            no=_("Not yet"),
            other=_("Change the note") if note else _("Add a note"),
            style="primary",
            summary=priced_summary(chat, cart_summary(chat, basket), parts.charges, parts.total),
            expire="1d",
        )
        if sure is None:
            note = await chat.ask(_("What should we know about this order?"), most=NOTE, expire="1d")
            continue
        if not sure:
            chat.say(_("All right. Your cart stays as it is."), buttons=[cart_button(chat)])
            return None
        try:
            return await chat.do(orders.place, to, wanted.method, wanted.code, parts.total.amount, note)
        except Refused as refusal:
            if refusal.code in ("price_changed", "total_changed"):
                continue
            keep_cart(chat, refusal)
            return None


def placing(chat: Chat, to: Address, note: str) -> Text:
    """Whether it shall be placed, with where it goes and what the customer wants us to know."""
    facts = {"name": to.name, "phone": to.phone, "address": line(chat, to)}
    if note:
        return _("Shall I place this order?\nTo {name}, {phone}, {address}\nNote: {note}", note=note, **facts)
    return _("Shall I place this order?\nTo {name}, {phone}, {address}", **facts)


def keep_cart(chat: Chat, refusal: Refused) -> None:
    """Why there is no order, and what can be done."""
    chat.say(refusals.words(refusal))
    chat.say(_("Your cart is kept, so you can change it."), buttons=[cart_button(chat), browse_button(chat)])


def changed_price(line: CartItem) -> Text:
    """That a price is another one than the customer saw."""
    return _("The price of {name} has changed from {was} to {now}.", name=line.name, was=line.was, now=line.price)


@router.event("payment")
async def payment_noticed(chat: Chat) -> None:
    """A provider says that something happened: ask it what is true, then settle."""
    key = chat.inbound.data
    truth = await chat.call(calls.FETCH_PAYMENT, key)
    settled = await chat.do(settlement.settle_noticed, key, truth)
    if settled.fresh:
        order = await chat.do(orders.find, settled.payment.order_number)
        tell(chat, settled, order)
    reasons = [ALARMS[alarm] for alarm in settled.alarms]
    if settled.fresh and settled.outcome in ("mismatch", "late"):
        reasons.insert(0, _("A payment does not match its order."))
    if reasons:
        await chat.hand_over(" ".join(chat.words(reason) for reason in reasons), priority="high")


def tell(chat: Chat, settled: Settlement, order: OrderView | None) -> None:
    """What settling came to, for the customer."""
    number = settled.payment.order_number
    match settled.outcome:
        case "paid":
            chat.say(
                _("Your payment has arrived. Order {number} is confirmed.", number=number),
                summary=order_summary(chat, order) if order else None,
            )
        case "failed" if order and order.state == "placed":  # an order that is paid, or over, needs no other try
            chat.say(_("The payment for order {number} did not go through. Say /orders to try again.", number=number))
        case "mismatch" | "late":
            chat.say(
                _(
                    "We received a payment for order {number} that does not fit it. A colleague will look at it now.",
                    number=number,
                )
            )
        case _:
            pass


def ask_to_pay(chat: Chat, payment: PaymentView) -> None:
    """The link to the payment page; or by hand, what to do."""
    number, amount = payment.order_number, payment.amount
    if payment.url:
        label = chat.words(_("Pay {amount}", amount=amount))
        buttons = [Button(label, url=payment.url, style="primary")]
        chat.say(_("Please pay {amount} for order {number}.", amount=amount, number=number), buttons=buttons)
        return
    chat.say(by_transfer(payment) if payment.account else _("Please pay {amount} when it arrives.", amount=amount))
    if payment.words:
        chat.say(payment.words)


def by_transfer(payment: PaymentView) -> Text:
    """Where to send the money, and until when it is waited for."""
    return _(
        "Please transfer {amount} to:\n{account}\nPurpose: {number}\nWe keep the goods for you until {until}.",
        amount=payment.amount,
        account=payment.account,
        number=payment.order_number,
        until=payment.until or "",
    )
