"""The question that a dialog waits on, and how what a person sends is read as its answer."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import getrandbits
from typing import Any

from bot.core.errors import ConfigError
from bot.core.message import Attachment, Button, Field, Inbound, Input
from bot.core.text import Say
from bot.core.words import number, steering

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
SKIP = "skip"
DONE = "done"


class Invalid(Exception):
    """What was sent is no answer; `say` tells the customer why, kindly, and `form` shows it where it is."""

    def __init__(self, say: Say, form: tuple[Field, ...] = ()) -> None:
        super().__init__(say)
        self.say = say
        self.form = form


@dataclass(frozen=True, slots=True)
class Incoming:
    """What the running dialog is given: the inbound, its files as our rows, and the key of the option it stands for."""

    inbound: Inbound
    files: tuple[Attachment, ...] = ()
    key: str | None = None

    @property
    def text(self) -> str:
        return self.inbound.text.strip()


@dataclass(frozen=True, slots=True)
class Question:
    """The open question: kept with the dialog for its timers, for the desk, and to tell a stale button."""

    name: str  # which question of the dialog: its text before translation
    position: int  # how many answers came before
    text: str  # as it was asked
    input: Input
    remind: timedelta | None = None
    expire: timedelta | None = None
    offered_at: datetime | None = None  # set aside: when the customer was told last that it waits


def new_token() -> str:
    """A dialog's name: short, since it travels in button data, and no secret: it means something in its lane only."""
    return urlsafe_b64encode(getrandbits(48).to_bytes(6, "big")).decode()


def duration(text: str | None) -> timedelta | None:
    """ "30m", "3h", "1d"; None stays None."""
    if text is None:
        return None
    try:
        return int(text[:-1]) * UNITS[text[-1]]
    except (KeyError, ValueError, IndexError):
        raise ConfigError(f"{text!r} is no duration; write 30m, 3h or 1d") from None


def answer_data(token: str, position: int, key: str) -> str:
    """What an option's button carries: which dialog, which question, which option."""
    return f"a:{token}:{position}:{key}"


@dataclass(frozen=True, slots=True)
class AnswerData:
    """The inverse of `answer_data`."""

    token: str
    position: int
    key: str


def parse_answer_data(data: str) -> AnswerData | None:
    """None when the button is no answer to a question."""
    prefix, _, rest = data.partition(":")
    token, _, rest = rest.partition(":")
    position, _, key = rest.partition(":")
    return AnswerData(token, int(position), key) if prefix == "a" and _is_count(position) and key else None


def _is_count(text: str) -> bool:
    """Digits, and few enough to be ours: the length is a stranger's choice."""
    return text.isdecimal() and len(text) <= 4


Read = Callable[[Incoming], Any]


def skipping(read: Read, optional: bool) -> Read:
    """`read`, but "skip" (tapped or typed) answers None where the question is optional."""

    def read_or_skip(incoming: Incoming) -> Any:
        if optional and (incoming.key == SKIP or (incoming.key is None and steering(incoming.text) == "skip")):
            return None
        return read(incoming)

    return read_or_skip


def option_index(incoming: Incoming, labels: list[str], normalise: Callable[[str], str]) -> int | None:
    """Which option was tapped or typed, by key, label or number; None for none of them."""
    if incoming.key is not None:
        return int(incoming.key) if _is_count(incoming.key) and int(incoming.key) < len(labels) else None
    said = normalise(incoming.text)
    same = [index for index, label in enumerate(labels) if normalise(label) == said]
    if len(same) == 1:
        return same[0]
    ordinal = number(incoming.text)
    return ordinal - 1 if ordinal is not None and 1 <= ordinal <= len(labels) else None


def option_buttons(token: str, position: int, labels: list[str]) -> tuple[Button, ...]:
    """One button an option."""
    return tuple(Button(label, answer_data(token, position, str(index))) for index, label in enumerate(labels))
