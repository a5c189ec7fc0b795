"""What left of an order, what is still to come, and what is not sent any more, in words for the customer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.text import Text, _
from bot.services.order_states import PARTLY
from bot.services.orders import OrderView
from bot.services.shipments import Parcel, Shipped


def way(chat: Chat, order: OrderView) -> list[str]:
    """A line for each parcel, with what is in it where that is not all, and one for what is in none.

    The last parcel's link is left to a button.
    """
    lines = [_line(chat, order, one) for one in order.shipments]
    if order.state == PARTLY:
        lines.append(chat.words(_("Still to come: {items}.", items=waiting(order))))
    if any(line.cancelled for line in order.lines):
        lines.append(chat.words(_("Not sent: {items}.", items=cancelled(order))))
    return [line for line in lines if line]


def _line(chat: Chat, order: OrderView, one: Shipped) -> str:
    items = sent(one) if order.is_split else ""
    words = chat.words(sent_as(one.parcel)) if one.parcel.is_known else ""
    if not words:
        return chat.words(_("Sent: {items}.", items=items)) if items else ""
    link = one.parcel.url if one.parcel is not order.parcels[-1] else ""
    return " ".join(filter(None, (f"{items}:" if items else "", words, link)))


def part(order: OrderView, one: Shipped) -> Text:
    """That a part has left."""
    said = _("A part of order {number} is on its way to you: {items}.", number=order.number, items=sent(one))
    return with_parcels(said, parcels_of(order, one))


def called_off(order: OrderView) -> Text:
    """That pieces are not sent any more; and what is to be paid on delivery then."""
    said = _("These items of order {number} are not sent: {items}.", number=order.number, items=cancelled(order))
    if order.paid_at is not None:
        return said
    return _("{news} You pay {amount} on delivery.", news=said, amount=order.total)


def tracked(order: OrderView, one: Shipped) -> Text:
    """That the way of what had left can be followed now, or by another number."""
    return with_parcels(_("You can follow a parcel of order {number}.", number=order.number), [one.parcel])


def rest(order: OrderView) -> Text:
    """That what was left of it has left."""
    one = newest(order)[0]
    said = _("The rest of order {number} is on its way to you: {items}.", number=order.number, items=sent(one))
    return with_parcels(said, parcels_of(order, one))


def newest(order: OrderView) -> tuple[Shipped, ...]:
    """What left last, and its further parcels, which hold nothing else; empty where nothing is known of it."""
    begins = [at for at, one in enumerate(order.shipments) if one.items] or [0]
    return order.shipments[begins[-1] :]


def parcels_of(order: OrderView, one: Shipped) -> tuple[Parcel, ...]:
    """All that left at once, as far as anything is known of it."""
    behind = order.shipments[order.shipments.index(one) + 1 :]
    further = takewhile(lambda other: not other.items, behind)
    return tuple(each.parcel for each in (one, *further) if each.parcel.is_known)


def with_parcels(news: Text, parcels: Sequence[Parcel]) -> Text:
    """News of what has left, and what it left as; the last link is left to a button."""
    for parcel in parcels:
        news = _("{news} {parcel}", news=news, parcel=sent_as(parcel))
        if parcel.url and parcel is not parcels[-1]:
            news = _("{news} {link}", news=news, link=parcel.url)
    return news


def sent(one: Shipped) -> str:
    """What left at once: `2 × Longjing, 1 × Gaiwan`."""
    return _listed((item.quantity, item.name) for item in one.items)


def waiting(order: OrderView) -> str:
    """What is still to be sent."""
    return _listed((line.left, line.name) for line in order.lines)


def cancelled(order: OrderView) -> str:
    """What is not sent any more."""
    return _listed((line.cancelled, line.name) for line in order.lines)


def _listed(pieces: Iterable[tuple[int, str]]) -> str:
    return ", ".join(f"{count} × {name}" for count, name in pieces if count)


def track(chat: Chat, parcel: Parcel) -> list[Button]:
    """Follow its way, where there is a link."""
    return [Button(chat.words(_("Track")), url=parcel.url)] if parcel.url else []


def sent_as(parcel: Parcel) -> Text:
    """Who carries it, and under which number; a link is a button."""
    if parcel.carrier and parcel.number:
        return _("Sent with {carrier}, number {number}.", carrier=parcel.carrier, number=parcel.number)
    if parcel.number:
        return _("Its number is {number}.", number=parcel.number)
    if parcel.carrier:
        return _("Sent with {carrier}.", carrier=parcel.carrier)
    return _("You can follow its way.")
