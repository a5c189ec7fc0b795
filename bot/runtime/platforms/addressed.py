"""A file that a platform does not show leaves as its name and an address of ours, where whoever has it may load it."""

from __future__ import annotations

from dataclasses import replace

from bot.core.errors import BadInput
from bot.core.message import Wire
from bot.core.ports import Address

#: Characters of a name: with an address it is within any platform's text.
MOST_NAME = 60


def leaving(wire: Wire, address: Address, gif_bytes: int) -> Wire:
    """What leaves: pictures as this platform shows them, and what it does not show by its address."""
    if wire.linked is not None:
        return in_words(Wire(files=(wire.linked,)), address) or wire
    return replace(wire, files=tuple(file.as_sent(gif_bytes) for file in wire.files)) if wire.files else wire


def in_words(wire: Wire, address: Address) -> Wire | None:
    """The same without its files, whose addresses stand behind its text; None where they have none."""
    try:
        lines = [f"{_short(file.name)}\n{address(file)}" for file in wire.files]
    except BadInput:
        return None
    return replace(wire, text="\n".join(part for part in (wire.text, *lines) if part), files=())


def _short(name: str) -> str:
    """The end tells what it is."""
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 20]}…{name[-19:]}"
