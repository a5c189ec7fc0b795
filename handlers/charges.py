"""What comes on top of an order's goods, or off, in words for the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.chat import Chat
from bot.core.message import Summary, SummaryLine
from bot.core.money import Money
from bot.core.pricing import Charge
from bot.core.text import Text, _
from bot.services.orders import OrderView


def order_summary(chat: Chat, order: OrderView) -> Summary:
    """An order as lines and a total."""
    lines = tuple(
        SummaryLine(f"{line.quantity} × {line.name}", (line.price * line.quantity).format(chat.locale))
        for line in order.lines
    )
    plain = Summary(chat.words(_("Order {number}", number=order.number)), lines, "")
    return priced_summary(chat, plain, order.charges, order.total)


def priced_summary(chat: Chat, goods: Summary, charges: Sequence[Charge], total: Money) -> Summary:
    """The lines of the goods, a line for each charge, and the total."""
    more = tuple(
        SummaryLine(chat.words(title(charge)), charge.amount.format(chat.locale)) for charge in charges if shown(charge)
    )
    return replace(goods, lines=(*goods.lines, *more), total=total.format(chat.locale))


def shown(charge: Charge) -> bool:
    """Shipping also where it is free; nothing else that is nothing."""
    return charge.kind == "shipping" or charge.amount.amount != 0


def title(charge: Charge) -> Text:
    """What it is for."""
    if charge.kind == "cancelled":
        return _("Not sent")
    if charge.kind == "discount":
        return _("Discount {code}", code=charge.name)
    if charge.kind == "shipping":
        return _("Shipping: {title}", title=charge.title)
    if charge.included:
        return _("Tax included ({rate}%)", rate=charge.per_cent)
    return _("Tax ({rate}%)", rate=charge.per_cent)
