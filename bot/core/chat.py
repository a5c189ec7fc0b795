"""`Chat` is all that a handler sees: it speaks, asks, does and calls, and is replayed from its journal.

Four verbs, and nothing else may be awaited in `handlers/`:

    chat.say and kin                     a reply, in the transaction of the rows; skipped on replay
    chat.ask/choose/rate/confirm/files   a question; the coroutine ends here until the answer comes
    chat.do(service, *args)              read or change rows, in this transaction; journaled
    chat.call(effect, *args)             the outside world, after commit; suspends until its result is an inbound
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from bot.core.answers import (
    STARS,
    key_of,
    label_of,
    reads_consent,
    reads_files,
    reads_option,
    reads_stars,
    reads_text,
)
from bot.core.errors import Refused
from bot.core.journal import (
    Entry,
    Journal,
    JournalMismatch,
    Suspended,
    name_of,
    plain,
    refusal,
    refused,
    returns,
    revive,
)
from bot.core.message import Attachment, Button, Card, FileKind, Inbound, Input, Reply, Summary
from bot.core.outcome import Call, CallFailed, HandOver, Host, Outcome, Person, Priority, Requested
from bot.core.question import (
    DONE,
    SKIP,
    Incoming,
    Invalid,
    Question,
    Read,
    answer_data,
    duration,
    option_buttons,
    skipping,
)
from bot.core.router import Command
from bot.core.text import Say, Text, Voice, _, _n

__all__ = ["Call", "CallFailed", "Chat", "HandOver", "Host", "Outcome", "Person", "Requested"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
YES_LABEL = _("Yes")
NO_LABEL = _("No")


class Chat:
    """One dialog in one conversation, for one turn."""

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

    # say

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
        return self._journal.replaying or self._incoming is not None

    def switch(self, language: str) -> None:
        """Speak another language from here on."""
        if self._voices:
            self._voice = self._voices(language)

    def _emit(self, reply: Reply) -> None:
        self.outcome.replies.append(reply)

    # ask

    @overload
    async def ask(
        self,
        question: Say,
        *,
        optional: Literal[False] = False,
        check: Callable[[str], Say | None] | None = None,
        most: int = 1000,
        suggest: Sequence[str] = (),
        remind: str | None = None,
        expire: str | None = None,
    ) -> str: ...
    @overload
    async def ask(
        self,
        question: Say,
        *,
        optional: Literal[True],
        check: Callable[[str], Say | None] | None = None,
        most: int = 1000,
        suggest: Sequence[str] = (),
        remind: str | None = None,
        expire: str | None = None,
    ) -> str | None: ...
    async def ask(
        self,
        question: Say,
        *,
        optional: bool = False,
        check: Callable[[str], Say | None] | None = None,
        most: int = 1000,
        suggest: Sequence[str] = (),
        remind: str | None = None,
        expire: str | None = None,
    ) -> str | None:
        """Ask for words. `check` returns what is wrong with them, or None; `suggest` are ready answers to tap."""
        labels = list(suggest)

        buttons = option_buttons(self._token, self._position, labels) + self._skip(optional)
        answer: str | None = await self._question(
            question, "text", buttons, skipping(reads_text(labels, most, check), optional), remind, expire
        )
        return answer

    @overload
    async def choose(
        self,
        question: Say,
        options: Sequence[T],
        *,
        label: Callable[[T], Say] | None = None,
        key: Callable[[T], str] | None = None,
        cards: Sequence[Card] = (),
        summary: Summary | None = None,
        optional: Literal[False] = False,
        remind: str | None = None,
        expire: str | None = None,
    ) -> T: ...
    @overload
    async def choose(
        self,
        question: Say,
        options: Sequence[T],
        *,
        label: Callable[[T], Say] | None = None,
        key: Callable[[T], str] | None = None,
        cards: Sequence[Card] = (),
        summary: Summary | None = None,
        optional: Literal[True],
        remind: str | None = None,
        expire: str | None = None,
    ) -> T | None: ...
    async def choose(
        self,
        question: Say,
        options: Sequence[T],
        *,
        label: Callable[[T], Say] | None = None,
        key: Callable[[T], str] | None = None,
        cards: Sequence[Card] = (),
        summary: Summary | None = None,
        optional: bool = False,
        remind: str | None = None,
        expire: str | None = None,
    ) -> T | None:
        """One of `options`. `key` names an option for ever (the journal keeps it), `label` is what is shown."""
        keys = [(key or key_of)(option) for option in options]
        labels = [self._voice((label or label_of)(option)) for option in options]

        buttons = option_buttons(self._token, self._position, labels) + self._skip(optional)
        chosen = await self._question(
            question,
            "choice",
            buttons,
            skipping(reads_option(labels, keys), optional),
            remind,
            expire,
            cards=cards,
            summary=summary,
        )
        if chosen is None:
            return None
        if chosen not in keys:
            raise JournalMismatch(f"the option {chosen!r} is no longer offered")
        return options[keys.index(chosen)]

    async def rate(self, question: Say, *, remind: str | None = None, expire: str | None = None) -> int:
        """One to five stars."""
        labels = [f"{stars} ★" for stars in STARS]

        buttons = option_buttons(self._token, self._position, labels)
        answer: int = await self._question(question, "stars", buttons, reads_stars(labels), remind, expire)
        return answer

    async def confirm(
        self,
        question: Say,
        *,
        yes: Say = YES_LABEL,
        no: Say = NO_LABEL,
        summary: Summary | None = None,
        remind: str | None = None,
        expire: str | None = None,
    ) -> bool:
        """Yes or no."""
        labels = [self._voice(yes), self._voice(no)]

        buttons = option_buttons(self._token, self._position, labels)
        answer: bool = await self._question(
            question, "confirm", buttons, reads_consent(labels), remind, expire, summary=summary
        )
        return answer

    async def files(
        self,
        question: Say,
        *,
        kinds: Collection[FileKind] = ("image", "audio", "video", "file"),
        at_most: int = 10,
        optional: bool = False,
        remind: str | None = None,
        expire: str | None = None,
    ) -> tuple[Attachment, ...]:
        """Files, in one message or several, until the customer says done or `at_most` have come."""
        files: tuple[Attachment, ...] = ()
        while len(files) < at_most:
            ends = self._skip(optional) if not files else (self._end(DONE, _("Done"), style="primary"),)
            text = (
                question
                if not files
                else _n(
                    "Got {count} file. Send more, or tap Done.",
                    "Got {count} files. Send more, or tap Done.",
                    len(files),
                )
            )
            read = reads_files(kinds, at_most - len(files), may_end=optional or bool(files))
            more = revive(await self._question(text, "files", ends, read, remind, expire), tuple[Attachment, ...])
            if not more:
                break
            files += more
        return files

    @property
    def _position(self) -> int:
        return self._journal.cursor

    def _skip(self, optional: bool) -> tuple[Button, ...]:
        return (self._end(SKIP, _("Skip")),) if optional else ()

    def _end(self, key: str, label: Text, style: Literal["", "primary"] = "") -> Button:
        return Button(self._voice(label), answer_data(self._token, self._position, key), style=style)

    async def _question(
        self,
        question: Say,
        input: Input,  # noqa: A002 - the field's name in Reply
        buttons: tuple[Button, ...],
        read: Read,
        remind: str | None,
        expire: str | None,
        *,
        cards: Sequence[Card] = (),
        summary: Summary | None = None,
    ) -> Any:
        name = question.id if isinstance(question, Text) else question
        entry = self._journal.next("ask", name)
        if entry is not None:
            return entry.v
        problem: Say = ""
        if self._incoming is not None:
            incoming, self._incoming = self._incoming, None
            try:
                value = plain(read(incoming))
            except Invalid as invalid:
                problem = invalid.say
            else:
                self._journal.append(Entry("ask", name, value))
                return value
        text = self._voice(question)
        spoken = "\n".join(part for part in (self._voice(problem), text) if part)
        self._emit(Reply(spoken, buttons, tuple(cards), summary=summary, input=input))
        self.outcome.question = Question(name, self._position, text, input, duration(remind), duration(expire))
        raise Suspended

    # do

    async def do(self, service: Callable[Concatenate[Any, P], Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a service in this turn's transaction. A `Refused` undoes what the service did, and is raised here."""
        name = name_of(service)
        entry = self._journal.next("do", name)
        if entry is not None:
            if entry.x is not None:
                raise refused(entry.x)
            value: R = revive(entry.v, returns(service))
            return value
        self._at_present(name)
        reads = bool(getattr(service, "__reads__", False))
        try:
            result: R = await self._host.run(service, args, kwargs)
        except Refused as error:
            self._journal.append(Entry("do", name, x=refusal(error), r=True))
            raise
        self._journal.append(Entry("do", name, plain(result), r=reads))
        return result

    def _at_present(self, name: str) -> None:
        """An answer waits, but the dialog does something new before it asks: its code was changed since."""
        if self._incoming is not None:
            raise JournalMismatch(f"an answer waits, the dialog does {name!r} first")

    # call

    async def call(self, effect: Call[R], /, *args: Any) -> R:
        """Have the outside world do something after the commit; the dialog goes on when its result is back."""
        entry = self._journal.next("call", effect.name)
        if entry is None and self._incoming is not None and self._incoming.inbound.kind == "result":
            result, self._incoming = self._incoming.inbound.native, None
            entry = Entry("call", effect.name, result.get("value"), result.get("error"))
            self._journal.append(entry)
        if entry is None:
            self._at_present(effect.name)
            self.outcome.requested = Requested(effect.name, plain(list(args)), self._position)
            raise Suspended
        if entry.x is not None:
            raise CallFailed(entry.x.get("text", ""))
        value: R = revive(entry.v, effect.returns)
        return value

    async def hand_over(self, reason: Say = "", *, priority: Priority = "normal") -> None:
        """Ask for a person: the desk shows the conversation as waiting; the bot goes on until one takes over."""
        if not self._replaying:
            self.outcome.hand_over = HandOver(self._voice(reason), priority)
