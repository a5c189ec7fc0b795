"""One lane of effects: what waits on it, who holds it, and its rest between two tries."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field

from bot.runtime.writes import NewEffect


@dataclass(slots=True)
class EffectLane:
    """`turn` is held from the start of an effect until it is recorded; `alarm` ends a rest.

    What waited while the lane `rested` may be erased by now. `doing` is the key of what is tried at the moment.
    """

    waiting: deque[NewEffect] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    alarm: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    holders: int = 0
    rested: bool = False
    doing: str = ""

    @property
    def keys(self) -> set[str]:
        """Of all that waits."""
        return {effect.key for effect in self.waiting}

    @property
    def is_idle(self) -> bool:
        """Whether it may be forgotten."""
        return not (self.waiting or self.holders or self.task)

    def drop(self, keys: Set[str]) -> None:
        """Forget these."""
        self.waiting = deque(effect for effect in self.waiting if effect.key not in keys)

    async def rest(self, seconds: float) -> bool:
        """True after so long, False when somebody had it look at the clock again before."""
        is_over = False
        try:
            async with asyncio.timeout(seconds):
                await self.alarm.wait()
        except TimeoutError:
            is_over = True
        self.alarm.clear()
        self.rested = True
        return is_over

    async def freed(self) -> None:
        """Returns once nobody holds it."""
        async with self.turn:
            pass
