"""What could not be done waits for staff: screens hear how many there are, and a word of staff tries one again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from bot.core.errors import Refused
from bot.core.events import Event, FailureCount
from bot.runtime.inbox import unfinished
from bot.runtime.ledger import Waiting
from bot.services import queues
from models import Effect, Inbound


class Parked:
    """Effects and inbounds. `arrived` takes an inbound to try again; `wake` has the runner look for an effect."""

    def __init__(
        self,
        arrived: Callable[[Iterable[Waiting]], None],
        wake: Callable[[], None],
        published: Callable[[Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._arrived = arrived
        self._wake = wake
        self._published = published
        self._clock = clock
        self._counting: set[asyncio.Task[None]] = set()

    async def retry(self, kind: str, id: int) -> None:  # noqa: A002
        """Try a parked effect or inbound again. Raises `Refused("no_failure")`."""
        if kind == "effect":
            await self.revive(id)
            self.revived()
        elif await self._retry_inbound(id):
            self.changed()
        else:
            raise Refused("no_failure")

    async def revive(self, effect_id: int) -> None:
        """Its row alone, in the caller's transaction; call `revived` after it. Raises `Refused("no_failure")`."""
        # What staff send once more is theirs: a takeover since would hold back a message of the bot for ever.
        await Effect.filter(id=effect_id, state="parked", author="bot").update(author="staff")
        if not await Effect.filter(id=effect_id, state="parked").update(
            state="pending", attempts=0, error="", due_at=self._clock()
        ):
            raise Refused("no_failure")

    def revived(self) -> None:
        """An effect waits again: the runner looks for it."""
        self._wake()
        self.changed()

    async def _retry_inbound(self, inbound_id: int) -> int:
        # Its attempts stay: they tell the turn that the message is in the thread already.
        found = await Inbound.filter(id=inbound_id, state="parked").update(state="pending", error="")
        # Only who found it parked hands it on: of two clicks the second must not bring it a second time.
        self._arrived(one for one in await unfinished(inbound_id - 1, 1) if found and one.id == inbound_id)
        return found

    def changed(self) -> None:
        """There is one more, or one less: count them anew."""
        task = asyncio.get_running_loop().create_task(self._count())
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _count(self) -> None:
        self._published(FailureCount(await queues.parked_count()))
