"""What a dialog has for one turn, and how it speaks: replies in the person's language that leave after the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.core.journal import Journal
from bot.core.message import Attachment, Button, Card, Inbound, Reply, Summary
from bot.core.outcome import Host, Outcome, Person
from bot.core.question import Incoming
from bot.core.router import Command
from bot.core.text import Say, Voice


class Telling:
    """The part of `Chat` that says something; what the other parts need is kept here."""

    def __init__(
        self,
        *,
        token: str,
        journal: Journal,
        host: Host,
        voice: Voice,
        person: Person,
        inbound: Inbound,
        files: tuple[Attachment, ...] = (),
        arguments: str = "",
        commands: Sequence[Command] = (),
        incoming: Incoming | None = None,
        asked: str = "",
        again: bool = False,
        voices: Callable[[str], Voice] | None = None,
        languages: Sequence[str] = (),
    ) -> None:
        self.person = person
        self.inbound = inbound  # what started this dialog
        self.attachments = files  # the files of that message
        self.arguments = arguments  # the words after the command
        self.commands = commands
        self.languages = languages
        self.outcome = Outcome()
        self._token = token
        self._journal = journal
        self._host = host
        self._voice = voice
        self._voices = voices
        self._incoming = incoming
        self._again = again  # the open question is only put once more: what led to it was said when it was asked
        self._asked = asked  # the name of the question that `incoming` answers; "" where nobody kept it

    def say(
        self,
        text: Say = "",
        *,
        buttons: Sequence[Button] = (),
        cards: Sequence[Card] = (),
        files: Sequence[Attachment] = (),
        summary: Summary | None = None,
    ) -> None:
        """Say something now. Nothing leaves before the turn's rows are committed."""
        if not self._replaying:
            self._emit(Reply(self._voice(text), tuple(buttons), tuple(cards), tuple(files), summary))

    def words(self, text: Say) -> str:
        """`text` as this person reads it: for labels, cards and summaries."""
        return self._voice(text)

    @property
    def locale(self) -> str:
        """The language tag that we speak with this person: "zh", "en"."""
        return self._voice.locale

    @property
    def _replaying(self) -> bool:
        """Until the answer that came now has been taken, the dialog only repeats what it did before."""
        return self._journal.replaying or self._incoming is not None or self._again

    def switch(self, language: str) -> None:
        """Speak another language from here on."""
        if self._voices:
            self._voice = self._voices(language)

    def _emit(self, reply: Reply) -> None:
        self.outcome.replies.append(reply)
