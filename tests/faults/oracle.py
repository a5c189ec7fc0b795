"""Compares what was acknowledged outside with what the database holds and what people saw."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from models.database import close_database, fetch, open_database

Texts = Mapping[int, Sequence[str]]
"""By person."""

Row = dict[str, Any]

MESSAGES = (
    "SELECT c.lane, m.author, m.text FROM message m JOIN conversation c ON c.id = m.conversation_id "
    "ORDER BY m.conversation_id, m.seq"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Messages; `repeated` were shown twice in a row: "sent, and the process died before that was recorded"."""

    told: int
    lost: int
    unexpected: int
    doubled: int
    reordered: int
    repeated: int

    def figures(self) -> dict[str, int]:
        """For the result."""
        return asdict(self)

    def wrong(self, *, repeated_at_most: int = 0) -> list[str]:
        """What broke the promise."""
        found = [
            f"{count} messages were {what}"
            for what in ("lost", "unexpected", "doubled", "reordered")
            if (count := getattr(self, what))
        ]
        if self.repeated > repeated_at_most:
            found.append(f"{self.repeated} messages were shown twice, {repeated_at_most} may be")
        return found


@asynccontextmanager
async def database(url: str, *, lock: bool = True) -> AsyncIterator[None]:
    """The database of a shop; with `lock` of one that does not run."""
    await open_database(url, lock=lock)
    try:
        yield
    finally:
        await close_database()


async def compare(url: str, told: Texts, shown: Texts, *, account: str = "telegram") -> Comparison:
    """Of one account. The shop must have ended: on SQLite its database has one user.

    Raises AssertionError for a broken file.
    """
    async with database(url):
        kept, answered = await messages(account)
        [left] = await fetch("SELECT count(*) AS count FROM inbound WHERE state <> 'done'")
        if url.startswith("sqlite"):
            assert await fetch("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    once = {person: [text for text, _ in itertools.groupby(texts)] for person, texts in shown.items()}
    lost = unexpected = doubled = reordered = 0
    for person in {*told, *kept, *once}:
        wanted, mine, seen = set(told.get(person, ())), kept[person], once.get(person, [])
        lost += len(wanted - set(mine)) + len(set(mine) - set(seen))
        unexpected += len(set(seen) - set(mine))
        doubled += len(mine) - len(set(mine)) + len(answered[person]) - len(set(answered[person]))
        doubled += len(seen) - len(set(seen))
        reordered += _falls(mine) + _falls(seen)
    repeated = sum(len(texts) - len(once[person]) for person, texts in shown.items())
    lost += int(left["count"])
    return Comparison(sum(map(len, told.values())), lost, unexpected, doubled, reordered, repeated)


async def messages(wanted: str = "telegram") -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """What the customers of an account said, and what the bot answered; of an address its number is the person."""
    kept: dict[int, list[str]] = defaultdict(list)
    answered: dict[int, list[str]] = defaultdict(list)
    for row in await fetch(MESSAGES):
        account, _, person = str(row["lane"]).partition(":")
        if account == wanted and row["author"] in ("customer", "bot"):
            (kept if row["author"] == "customer" else answered)[int(person.partition("@")[0])].append(str(row["text"]))
    return kept, answered


def _falls(texts: Sequence[str]) -> int:
    """How often a number is followed by a smaller one; the last word of each text ends with it, but for apologies."""
    numbers = [int(last) for text in texts if (last := text.rpartition("m")[2]).isdigit()]
    return sum(later < earlier for earlier, later in itertools.pairwise(numbers))


async def rows(url: str, sql: str, values: Sequence[Any] = (), *, lock: bool = True) -> list[Row]:
    """What the database of a stopped shop says; without `lock`, of one that runs."""
    async with database(url, lock=lock):
        return await fetch(sql, values)
