"""What it means that a word stands in a text: any piece of it, in any case, the same on every database."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 100  # characters of a query
_BEFORE, _LENGTH = 12, 120  # characters of a line: before what was found, and in all


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of a text on one line; `found` is the part that was looked for, and no part of it is ever markup."""

    before: str
    found: str
    after: str


@dataclass(frozen=True, slots=True)
class Word:
    """What is looked for: `plain` as it was typed, `folded` without case."""

    plain: str
    folded: str

    def stands_in(self, text: str) -> bool:
        """Whether the text has it."""
        return self.folded in fold(text)

    @property
    def has_cases(self) -> bool:
        """Whether there is another way to write it; numbers and Chinese have none."""
        return self.plain.lower() != self.plain.upper()

    def like(self) -> str:
        """A pattern for LIKE with the escape character ! that finds no less than the word.

        Databases differ in the cases of letters that are not ASCII, so any letter may stand there.
        """
        return f"%{''.join(map(_pattern, self.folded))}%"

    def line(self, text: str) -> Line:
        """Where it stands first. Its beginning, when it does not stand there."""
        begins = max(fold(text).find(self.folded), 0)
        ends = begins + len(self.folded) if self.stands_in(text) else begins
        opens = max(begins - _BEFORE, 0)
        before, found, after = text[opens:begins], text[begins:ends], text[ends : opens + _LENGTH]
        if opens:  # not within a word, where words have spaces between them
            before = before.partition(" ")[2] or before
        return Line(
            ("…" if opens else "") + " ".join(before.lstrip().split("\n")),
            " ".join(found.split("\n")),
            " ".join(after.rstrip().split("\n")) + ("…" if len(text) > max(ends, opens + _LENGTH) else ""),
        )


def word(query: str) -> Word:
    """What somebody typed; nothing is looked for when `plain` is empty."""
    plain = " ".join(query.replace("\0", " ").split())[:LONGEST]
    return Word(plain, fold(plain))


def fold(text: str) -> str:
    """Without case; each letter stays one letter, so that places are those of the text."""
    folded = text.casefold()
    return folded if len(folded) == len(text) else "".join(map(_one, text))


def _one(letter: str) -> str:
    return next((form for form in (letter.casefold(), letter.lower()) if len(form) == 1), letter)


def _pattern(letter: str) -> str:
    if letter in "%_!":
        return f"!{letter}"
    has_cases = letter.lower() != letter or letter.upper() != letter
    return "_" if has_cases and not letter.isascii() else letter
