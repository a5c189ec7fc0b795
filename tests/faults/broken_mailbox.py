"""Ways in which nodes share a mailbox wrongly: each must be noticed by the part `mailbox`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.faults.broken import short_leases


def everybody_reads() -> None:
    """Each node reads: the unique key will see to what comes twice."""
    from bot.runtime import roll

    take = roll.take_duty

    async def takes(name: str, node: int) -> bool:
        await take(name, node)
        return True

    roll.take_duty = takes
    short_leases()


def never_reads_on() -> None:
    """Who reads is decided when a node starts."""
    from bot.runtime.duties import Duties

    look = Duties.look

    async def once(self: Duties) -> None:
        if not vars(self).setdefault("has_looked", False):
            self.has_looked = True  # type: ignore[attr-defined]
            await look(self)

    Duties.look = once  # type: ignore[method-assign]
    short_leases()


def keeps_its_place() -> None:
    """How far the mailbox was read is in the memory of who reads it."""
    from bot.runtime.platforms.notes import SharedNotes

    kept: dict[str, str] = {}

    async def get(self: SharedNotes, name: str) -> str:
        return kept.get(name, "")

    async def put(self: SharedNotes, name: str, text: str, seconds: float | None = None) -> None:
        kept[name] = text

    SharedNotes.get = get  # type: ignore[method-assign]
    SharedNotes.put = put  # type: ignore[method-assign]
    short_leases()


def notes_its_place_first() -> None:
    """The place moves behind a mail, and then it is read."""
    from bot.channels.email.cursor import Cursor, encoded
    from bot.channels.email.pulling import Puller

    take = Puller._take

    async def late(self: Puller, uid: int, cursor: Cursor, *more: Any) -> Cursor:
        await self._notes.put(self._note, encoded(cursor.moved(uid, None, ())))
        await asyncio.sleep(0.05)
        return await take(self, uid, cursor, *more)

    Puller._take = late  # type: ignore[method-assign]
    short_leases()


VARIANTS: dict[str, Callable[[], None]] = {
    "everybody-reads": everybody_reads,
    "never-reads-on": never_reads_on,
    "keeps-its-place": keeps_its_place,
    "place-first": notes_its_place_first,
}
