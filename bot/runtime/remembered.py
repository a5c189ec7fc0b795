"""Talks that go on, as their last turn left them: the next one need not read them, and their version tells if it must.

Nothing of a person who was erased stays, and nobody does for long. Whoever has several apps is read each time: what
they tell in another one holds here at once, and to raise this version from there would lock two conversations.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from bot.runtime.state import ConversationState

#: Conversations in memory, a few kilobytes each, and for how many seconds after their last turn.
MOST_REMEMBERED = 2_000
REMEMBERED_FOR = 600.0


class Remembered:
    """By lane, the latest last."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, tuple[float, ConversationState]] = OrderedDict()

    def take(self, lane: str) -> ConversationState | None:
        """The conversation, which a turn changes from here on: nobody else gets it."""
        _, state = self._states.pop(lane, (0.0, None))
        return state

    def keep(self, state: ConversationState) -> None:
        """A turn was committed, and left the conversation so."""
        if state.person_id is not None:
            return
        state.version += 1
        self._states[state.lane] = asyncio.get_running_loop().time(), state
        if len(self._states) > MOST_REMEMBERED:
            self._states.popitem(last=False)

    def forget(self, contact_id: int) -> None:
        """This person was erased: nothing of them stays in memory."""
        self._states = OrderedDict(
            (lane, (since, state)) for lane, (since, state) in self._states.items() if state.contact_id != contact_id
        )

    def forget_old(self) -> None:
        """An erasure by another process may not be heard of here, so nobody is remembered for long."""
        latest = asyncio.get_running_loop().time() - REMEMBERED_FOR
        while self._states and next(iter(self._states.values()))[0] < latest:
            self._states.popitem(last=False)

    def clear(self) -> None:
        """Another node has the lanes."""
        self._states.clear()
