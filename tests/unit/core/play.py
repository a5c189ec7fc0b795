"""A dialog played turn by turn: between two of them only the journal's stored text lives on."""

from __future__ import annotations

import gettext
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from bot.core.chat import Chat, Outcome, Person
from bot.core.journal import Suspended, dump, load
from bot.core.message import Attachment, Inbound
from bot.core.question import Incoming
from bot.core.text import Voice
from tests.kit.profiles import WEBCHAT

VOICE = Voice("en", gettext.NullTranslations())
PERSON = Person("Ann", "webchat", WEBCHAT)
Handler = Callable[[Chat], Awaitable[None]]


@dataclass
class Host:
    """Runs services with itself as their scope, and remembers each run."""

    ran: list[str] = field(default_factory=list)

    async def run(self, service: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.ran.append(service.__name__)
        return await service(self, *args, **kwargs)


@dataclass
class Play:
    """A dialog over several turns; between two of them only the journal's stored text lives on."""

    handler: Handler
    host: Host = field(default_factory=Host)
    stored: str = "[]"
    ended: bool = False

    async def turn(self, incoming: Incoming | None = None) -> Outcome:
        """One turn: replay, take what came, go on."""
        journal = load(self.stored)
        chat = Chat(
            token="tok", journal=journal, host=self.host, voice=VOICE, person=PERSON, inbound=said("/start"),
            incoming=incoming, voices=lambda tag: Voice(tag, gettext.NullTranslations()), languages=("en", "zh"),
        )  # fmt: skip
        try:
            await self.handler(chat)
            self.ended = True
        except Suspended:
            self.ended = False
        finally:
            self.stored = dump(journal)
        return chat.outcome

    async def says(self, text: str) -> Outcome:
        """The customer writes."""
        return await self.turn(Incoming(said(text)))

    async def taps(self, key: str) -> Outcome:
        """The customer taps the option with this key."""
        return await self.turn(Incoming(said(""), key=key))

    async def sends(self, *files: Attachment) -> Outcome:
        """The customer sends files."""
        return await self.turn(Incoming(said(""), files))


def said(text: str) -> Inbound:
    return Inbound("webchat", "1", "ann", text=text)


def texts(outcome: Outcome) -> list[str]:
    return [reply.text for reply in outcome.replies]


def labels(outcome: Outcome) -> list[str]:
    return [button.label for button in outcome.replies[-1].buttons]


def photo(number: int) -> Attachment:
    return Attachment(number, "image", f"{number}.png", "image/png", 1)
