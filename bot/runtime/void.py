"""Which messages of the bot a takeover has made void, for as long as one of them may still turn up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.runtime.writes import CANCEL, NOT_SAID, SAID, NewEffect
from models.database import execute, fetch

#: The takeover has cancelled their rows. A look at the table that began before may still bring them, and a turn that
#: was committed before hands its own over when it hears so: within moments, or before TCP gives a connection up.
KEPT = timedelta(hours=1)

_WAITING = (
    "SELECT seq FROM message WHERE conversation_id = ? AND author = 'bot' "
    "AND delivery IN ('queued', 'held', 'quiet') ORDER BY seq"
)


async def silence(connection: BaseDBAsyncClient, conversation_id: int, now: datetime) -> list[int]:
    """Cancel what the bot is about to say in a conversation that the caller has locked: those messages, by seq.

    Raise the epoch with it, and call `Effects.void` after the commit.
    """
    waiting = await about_to_say(conversation_id, connection)
    which = [(conversation_id,)]
    await execute(connection, [(CANCEL, [(now, conversation_id)]), (SAID, which), (NOT_SAID, which)])
    return waiting


async def about_to_say(conversation_id: int, connection: BaseDBAsyncClient | None = None) -> list[int]:
    """The messages of the bot that `SAID` and `NOT_SAID` are about, by seq."""
    return [row["seq"] for row in await fetch(_WAITING, (conversation_id,), connection)]


class Void:
    """The epoch of each conversation that was taken over lately. Call `forget` when nobody looks at the table."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._epochs: dict[int, tuple[int, datetime]] = {}  # and since when; the oldest first

    def __len__(self) -> int:
        return len(self._epochs)

    def __contains__(self, effect: NewEffect) -> bool:
        if effect.author != "bot" or effect.conversation_id not in self._epochs:
            return False
        return effect.epoch < self._epochs[effect.conversation_id][0]

    def add(self, conversation_id: int, epoch: int) -> None:
        """From now on what the bot said before `epoch` is void."""
        self._epochs.pop(conversation_id, None)
        self._epochs[conversation_id] = (epoch, self._clock())

    def forget(self) -> None:
        """Those of which nothing can turn up any more."""
        before = self._clock() - KEPT
        while self._epochs:
            oldest = next(iter(self._epochs))
            if self._epochs[oldest][1] > before:
                return
            del self._epochs[oldest]
