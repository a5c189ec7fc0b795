"""Button data of any length: what a channel has no room for stays with its message, and the button says where it is.

A reference names a message of its conversation and the place of the choice in it, so it outlives restarts and needs
no table of its own: the message is the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.core.message import Button, Choice, Reply
from bot.core.render import choices_of

PREFIX = "m:"
#: Digits of a message's number in its conversation, and of a choice's in its message.
_SEQ_DIGITS, _PLACE_DIGITS = 10, 4


@dataclass(frozen=True, slots=True)
class Reference:
    """The choice at `place` (the first is 1) of message `seq`."""

    seq: int
    place: int

    def pack(self) -> str:
        """`m:12:3`."""
        return f"{PREFIX}{self.seq}:{self.place}"


def parse_reference(data: str) -> Reference | None:
    """None when the button carries its data itself."""
    prefix, _, rest = data.partition(":")
    seq, _, place = rest.partition(":")
    ours = prefix == PREFIX[:-1] and _is_number(seq, _SEQ_DIGITS) and _is_number(place, _PLACE_DIGITS)
    return Reference(int(seq), int(place)) if ours else None


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= most


def referred(reply: Reply, place: int) -> Choice | None:
    """The choice at `place` of what was said; None when there are not so many."""
    choices = choices_of(reply)
    return choices[place - 1] if 1 <= place <= len(choices) else None


def shortened(reply: Reply, seq: int, most: int) -> Reply:
    """The reply of message `seq` with references for button data over `most` bytes; mostly the same object."""
    if all(_fits(choice.data, most) for choice in choices_of(reply)):
        return reply
    place = 0

    def short(buttons: tuple[Button, ...]) -> tuple[Button, ...]:
        nonlocal place
        made = []
        for button in buttons:
            place += bool(button.data)
            made.append(button if _fits(button.data, most) else replace(button, data=Reference(seq, place).pack()))
        return tuple(made)

    cards = tuple(replace(card, buttons=short(card.buttons)) for card in reply.cards)
    return replace(reply, cards=cards, buttons=short(reply.buttons))


def _fits(data: str, most: int) -> bool:
    return 4 * len(data) <= most or len(data.encode()) <= most
