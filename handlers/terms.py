"""What a customer chooses of what an order costs besides the goods: how it is sent, and with which code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.chat import Chat
from bot.core.pricing import Method
from bot.core.text import _
from bot.services.scope import language


@dataclass(frozen=True, slots=True)
class Terms:
    """How, and for how much less: "" is what the shop does not ask for."""

    method: str = ""
    code: str = ""


def named(chat: Chat) -> Callable[[str], str]:
    """A country in the customer's language."""
    from babel import Locale

    territories = Locale.parse(chat.locale.replace("-", "_")).territories
    return lambda country: territories.get(country, country)


def shipped_by(chat: Chat) -> Callable[[Method], str]:
    """A way to ship, with its days."""

    def label(method: Method) -> str:
        title = method.title(language(chat.locale))
        return chat.words(_("{title} ({days} days)", title=title, days=method.days)) if method.days else title

    return label
