"""Who was with a customer that goes on elsewhere follows: they take the other conversation over, too."""

from __future__ import annotations

from contextlib import suppress

from bot.core.errors import Refused
from bot.runtime.attempts import Done
from bot.runtime.staffing import Staffing
from bot.runtime.writes import NewEffect


def follows(lane: str, conversation_id: int, epoch: int, staff_id: int) -> NewEffect:
    """Behind what is said to the customer in this lane, this member of staff takes it over."""
    key = f"take:{conversation_id}:{epoch}:{staff_id}"
    return NewEffect(key, "take", lane, str(staff_id), conversation_id)


class Follow:
    """The executor of `take`."""

    def __init__(self, staffing: Staffing) -> None:
        self._staffing = staffing

    async def run(self, effect: NewEffect) -> Done:
        """Take it over for whoever was with this customer elsewhere."""
        with suppress(Refused):  # erased meanwhile, or another one has it
            await self._staffing.follow(effect.conversation_id or 0, int(effect.payload))
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """The conversation waits for a person all the same."""
        return Done()
