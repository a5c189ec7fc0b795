"""What is searched: messages of people, and people themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.services.search.words import Word

Row = dict[str, Any]
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class Source:
    """A table, and those of its columns that hold words; `searched` is SQL for the rows that are looked through.

    In the index on a server a part is 2 ** `part` ids that follow each other, written in so many rows (`buckets`, a
    power of two), and a place of it is 2 ** `place` ids.
    """

    table: str
    words: tuple[str, ...]
    shown: str
    searched: str
    part: int
    place: int
    buckets: int

    @property
    def places(self) -> int:
        """Of a part."""
        return 1 << self.part - self.place

    def bucket(self, key: int) -> int:
        """Which row of a part has a key."""
        return key & self.buckets - 1

    def has(self, word: Word, *, any_case: bool = False) -> str:
        """SQL for rows with a word, with a value for each column; `any_case` where LIKE minds the case.

        ILIKE writes each text anew in small letters before it looks, so it is asked only where there are cases.
        """
        like = "ILIKE" if any_case and word.has_cases else "LIKE"
        each = " OR ".join(f"{column} {like} ? ESCAPE '!'" for column in self.words)
        return f"({each})"

    def values(self, word: Word) -> list[str]:
        """Of `has`."""
        return [word.like()] * len(self.words)

    def text(self, row: Mapping[str, Any]) -> str:
        """All words of a row; a word that is looked for never reaches from one line into the next."""
        return "\n".join(row[column] for column in self.words)

    def those_with(self, word: Word, rows: Rows) -> Rows:
        """Of what a database found, which may be too much."""
        return [row for row in rows if word.stands_in(self.text(row))]


MESSAGES = Source(
    "message",
    ("text",),
    "id, conversation_id, seq, author, at, text",
    "author IN ('customer', 'staff', 'note')",
    part=15,
    place=4,
    buckets=1024,
)
#: Names and numbers are short and much alike: several of them in one place would hide each other.
CONTACTS = Source(
    "contact", ("name", "phone", "email"), "id, name, phone, email", "id > 0", part=13, place=0, buckets=256
)
