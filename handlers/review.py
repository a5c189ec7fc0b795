"""A review: stars, words, photos."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import FileKind
from bot.core.router import Router
from bot.core.text import _
from bot.services import orders, reviews
from bot.services.orders import OrderView
from handlers import refusals

router = Router("review")

IMAGES: tuple[FileKind, ...] = ("image",)


@router.command("review", "评价", "写评价", title=_("Leave a review"), menu=30)
async def leave_review(chat: Chat) -> None:
    """Which order, how was it, what should others know."""
    choices = await chat.do(orders.reviewable)
    number = None
    if choices:
        order = await chat.choose(_("Which order is it about?"), choices, label=title)
        number = order.number
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
    return f"{order.number} · {', '.join(line.name for line in order.lines)}"[:60]
