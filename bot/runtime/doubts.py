"""Turns that the database may have committed without saying so: they are told of all the same, and never run again.

A connection that ends may take just the answer to a commit along. So before such a turn is tried again the table is
asked, and where it has the turn, live screens hear of it as after any other commit. Its effects are left to the poll.
"""

from __future__ import annotations

from collections.abc import Callable

from bot.runtime.lanes import Head
from bot.runtime.writes import Writes
from models.database import fetch


class Doubts:
    """`committed` hears of what was written after all, `in_doubt` that there was such a commit."""

    def __init__(self, committed: Callable[[Writes], None], in_doubt: Callable[[], None]) -> None:
        self._committed = committed
        self._in_doubt = in_doubt
        self._made: dict[int, Writes | None] = {}  # by inbound

    def note(self, head: Head, made: Writes | None = None) -> None:
        """The database went away during the turn; `made` if that was while this was written."""
        if made is not None:
            self._made[head.waiting[0].id] = made
        else:
            self._made.setdefault(head.waiting[0].id, None)

    async def is_over(self, head: Head) -> bool:
        """Whether an earlier attempt was committed after all (done, or parked), or the person erased since."""
        first = head.waiting[0]
        if not first.attempts and first.id not in self._made:
            return False
        found = await fetch("SELECT state FROM inbound WHERE id = ?", (first.id,))
        made, was_written = self._made.pop(first.id, None), bool(found) and found[0]["state"] != "pending"
        if was_written:
            self._in_doubt()
        if was_written and made:
            made.effects.clear()  # the poll may be through with them by now
            self._committed(made)
        return was_written or not found

    def clear(self) -> None:
        """Another node has the lanes, and asks for itself."""
        self._made.clear()
