"""Cards beside each other, where each has little room: which of them stand there, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.capabilities import Carousel
from bot.core.message import Card

#: Tells that a text goes on.
MORE = "…"


def lines(card: Card) -> str:
    """What stands below a card's title."""
    return "\n".join(line for line in (card.price, card.text) if line)


def fitted(card: Card, limits: Carousel) -> Card:
    """The card with as much of its text as it has room for; the same object where that is all."""
    over = len(lines(card)) - limits.text
    if over <= 0:
        return card
    head = card.text[: max(0, len(card.text) - over - len(MORE))]
    pause = max(head.rfind(" "), head.rfind("\n"))
    head = head[:pause] if pause > len(head) // 2 else head
    return replace(card, text=head.rstrip(" \n,.;:，。；：、") + MORE)


def shown(card: Card, beside: Sequence[Card], limits: Carousel) -> Card | None:
    """The card as it stands there among those `beside` it; None where it does not fit.

    One alone shows all or nothing: nobody looks through it for what to look at.
    """
    found = fitted(card, limits)
    is_whole = found is card
    fits = len(card.title) <= limits.title and len(card.buttons) <= limits.buttons and len(lines(found)) <= limits.text
    says_more = bool(lines(card) or card.buttons)  # a title alone is refused
    return found if fits and says_more and (is_whole or len(beside) > 1) else None
