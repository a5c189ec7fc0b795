"""A review: stars, words, photos."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button, FileKind
from bot.core.router import Router
from bot.core.text import _
from bot.services import orders, reach, reviews
from bot.services.orders import OrderView
from handlers import refusals

router = Router("review")

IMAGES: tuple[FileKind, ...] = ("image",)


class Review(Callback):
    """Write a review of an order."""

    number: str


@router.command("review", "评价", "写评价", title=_("Leave a review"), menu=30)
async def leave_review(chat: Chat) -> None:
    """Which order, how was it, what should others know."""
    choices = await chat.do(orders.reviewable)
    number = None
    if choices:
        order = await chat.choose(_("Which order is it about?"), choices, label=title)
        number = order.number
    await write(chat, number)


@router.on(Review)
async def review_order(chat: Chat, wanted: Review) -> None:
    """How was this one?"""
    await write(chat, wanted.number)


@router.event("review")
async def came_some_days_ago(chat: Chat) -> None:
    """Ask once how it was, where that can be said; no answer is an answer."""
    order = await chat.do(orders.find, chat.inbound.data)
    here = await chat.do(reach.ask, chat.person.capabilities, "reminders")
    if order is None or not here.leaves:
        return
    button = Button(chat.words(_("Leave a review")), Review(number=order.number).pack(), style="primary")
    chat.say(_("How was {what}? Others would like to know.", what=names(order)), buttons=[button])


async def write(chat: Chat, number: str | None) -> None:
    """Stars, words and photos about an order, or about the shop."""
    stars = await chat.rate(_("How was it?"), remind="1d", expire="3d")
    text = await chat.ask(_("What should others know?"), optional=True, most=2000, remind="1d", expire="3d")
    photos = await chat.files(_("Any photos?"), kinds=IMAGES, at_most=5, optional=True, expire="3d")
    try:
        review = await chat.do(reviews.record, number, stars, text, photos)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    chat.say(_("Thank you. Your review will show on our page once a colleague has read it."))
    if review.is_unhappy:
        chat.say(_("I am sorry that it was not better. A colleague will write to you here."))
        await chat.hand_over(_("Unhappy review"), priority="high")


def title(order: OrderView) -> str:
    """`P7K2-4M9Q · Longjing, Gaiwan`."""
    return f"{order.number} · {names(order)}"[:60]


def names(order: OrderView) -> str:
    """What was in it."""
    return ", ".join(line.name for line in order.lines)
