"""The questions of a dialog: the coroutine ends at one that has no answer yet, and the answer runs it again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeVar, overload

from bot.core.answers import (
    STARS,
    key_of,
    label_of,
    reads_consent,
    reads_files,
    reads_option,
    reads_stars,
    reads_text,
    unfilled,
)
from bot.core.journal import Entry, JournalMismatch, Suspended, plain, revive
from bot.core.message import Attachment, Button, Card, Field, FileKind, Input, Reply, Summary
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
from bot.core.telling import Telling
from bot.core.text import Say, Text, _, _n

T = TypeVar("T")
YES_LABEL = _("Yes")
NO_LABEL = _("No")
#: Characters of all that a form holds.
MOST_OF_FORM = 2000


class Asking(Telling):
    """The part of `Chat` that asks: words, one of several, stars, yes or no, files."""

    @overload
    async def ask(
        self,
        question: Say,
        *,
        optional: Literal[False] = False,
        check: Callable[[str], Say | None] | None = None,
        most: int = 1000,
        suggest: Sequence[str] = (),
        places: bool = False,
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
        places: bool = False,
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
        places: bool = False,
        remind: str | None = None,
        expire: str | None = None,
    ) -> str | None:
        """Ask for words. `check` returns what is wrong with them, or None; `suggest` are ready answers to tap.

        `places`: a place on the map is an answer, too, in the words that `place.read` understands.
        """
        labels = list(suggest)
        buttons = option_buttons(self._token, self._position, labels) + self._skip(optional)
        answer: str | None = await self._question(
            question, "text", buttons, skipping(reads_text(labels, most, check, places), optional), remind, expire
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
        style: Literal["", "primary"] = "",
        summary: Summary | None = None,
        remind: str | None = None,
        expire: str | None = None,
    ) -> bool:
        """Yes or no; `style` is how yes stands out."""
        said = await self.decide(question, yes=yes, no=no, style=style, summary=summary, remind=remind, expire=expire)
        return said is True

    async def decide(
        self,
        question: Say,
        *,
        yes: Say = YES_LABEL,
        no: Say = NO_LABEL,
        other: Say = "",
        style: Literal["", "primary"] = "",
        summary: Summary | None = None,
        remind: str | None = None,
        expire: str | None = None,
    ) -> bool | None:
        """Yes or no as in `confirm`, or None for something `other` to do first."""
        labels = [self._voice(label) for label in (yes, no, other) if label]
        agree, *others = option_buttons(self._token, self._position, labels)
        buttons = (replace(agree, style=style), *others)
        answer: bool | None = await self._question(
            question, "confirm", buttons, reads_consent(labels), remind, expire, summary=summary
        )
        return answer

    async def fill(
        self,
        question: Say,
        form: Sequence[Field],
        *,
        read: Callable[[str], Mapping[str, str]],
        check: Callable[[str], Mapping[str, Say]],
        over: Say = "",
        remind: str | None = None,
        expire: str | None = None,
    ) -> Mapping[str, str]:
        """Ask for words, which a channel that has forms lets fill in: what `read` finds in them, by names of fields.

        `check` says what is wrong with which field, nothing where all is well. `over` is said instead of the question
        where the form is shown: it is the same question, which may go on in a channel without forms.
        """

        def reads(incoming: Incoming) -> Mapping[str, str]:
            text = reads_text([], MOST_OF_FORM, None, places=False)(incoming)
            values: Mapping[str, str] = read(text)
            problems = {name: self._voice(say) for name, say in check(text).items()}
            if problems:
                raise unfilled(form, values, problems)
            return values

        values: Mapping[str, str] = await self._question(
            question, "text", (), reads, remind, expire, form=tuple(form), over=over
        )
        return values

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
        form: tuple[Field, ...] = (),
        over: Say = "",
    ) -> Any:
        name = question.id if isinstance(question, Text) else question
        entry = self._journal.next("ask", name)
        if entry is not None:
            return entry.v
        self._again = False
        problem: Say = ""
        if self._incoming is not None:
            if self._asked and self._asked != name:
                raise JournalMismatch(f"an answer to {self._asked!r} waits, the dialog asks {name!r}")
            incoming, self._incoming = self._incoming, None
            try:
                value = plain(read(incoming))
            except Invalid as invalid:
                problem, form = invalid.say, invalid.form or form
            else:
                self._journal.append(Entry("ask", name, value))
                return value
        text = self._voice(over or question)
        spoken = "\n".join(part for part in (self._voice(problem), text) if part)
        self._emit(Reply(spoken, buttons, tuple(cards), summary=summary, input=input, form=form))
        self.outcome.question = Question(name, self._position, text, input, duration(remind), duration(expire))
        raise Suspended
