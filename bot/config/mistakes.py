"""Turns what validation found into sentences: the place, the key, what is wrong, the cure; all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Mistake:
    """`place` is the file with its line, or the environment variable; `key` is dotted."""

    place: str
    key: str
    words: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.key, self.words) if part)


class Mistakes(ConfigError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)
