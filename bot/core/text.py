"""Texts that are translated when they are said: a handler names them once, the customer's language decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.money import Money

Fact = object
"""What fills a text: Money and datetime are written as the reader's language writes them, a Text is translated."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message of the catalogue. With `plural` and `count` the language's plural rule picks the form."""

    id: str
    facts: tuple[tuple[str, Fact], ...] = ()
    plural: str = ""
    count: int = 0


def _(message: str, /, **facts: Fact) -> Text:
    """A text with `{named}` facts: `_("Order {number} is paid.", number=order.number)`."""
    return Text(message, tuple(facts.items()))


def _n(one: str, many: str, count: int, /, **facts: Fact) -> Text:
    """A text whose form depends on `count`, which is also the fact `{count}`."""
    return Text(one, (("count", count), *facts.items()), many, count)


Say = str | Text
"""What a person reads: ready words, or a text to translate."""


class Language(Protocol):
    """One language's catalogue, as `gettext.NullTranslations` offers it."""

    def gettext(self, message: str) -> str:
        """The translation, or the message itself."""

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The translation in the plural form for `count`."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How we speak to one person: `locale` for numbers and dates, `language` for words, their clock for times."""

    locale: str
    language: Language
    local_time: Callable[[datetime], datetime] = datetime.astimezone

    def __call__(self, text: Say) -> str:
        """`text` in this person's language with its facts filled in."""
        if isinstance(text, str):
            return text
        words = (
            self.language.ngettext(text.id, text.plural, text.count) if text.plural else self.language.gettext(text.id)
        )
        return words.format(**{name: self._fact(fact) for name, fact in text.facts}) if text.facts else words

    def _fact(self, fact: Fact) -> object:
        if isinstance(fact, Text):
            return self(fact)
        if isinstance(fact, Money):
            return fact.format(self.locale)
        if isinstance(fact, datetime):
            return self._moment(fact)
        return fact

    def _moment(self, moment: datetime) -> str:
        from babel.dates import format_datetime

        return format_datetime(self.local_time(moment), "short", locale=self.locale.replace("-", "_"))
