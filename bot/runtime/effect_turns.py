"""The turn of a lane of effects: its first one is tried, within the slots of its account, until it is over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Set
from datetime import datetime, timedelta

import msgspec

from bot.core import deadline
from bot.core.errors import LeaseLost
from bot.runtime.attempts import Attempts
from bot.runtime.effect_lane import EffectLane
from bot.runtime.lease import Lease
from bot.runtime.pending import not_erased
from bot.runtime.room import Room, account_of
from bot.runtime.void import Void

#: Effects of one account under way at once, over its lanes: one that hangs leaves the others theirs.
CONCURRENCY = 64


class EffectTurns:
    """Those of a process; `room` and `void` say what is in memory, and what of it may not leave any more."""

    def __init__(self, attempts: Attempts, room: Room, void: Void, lease: Lease, clock: Callable[[], datetime]) -> None:
        self._attempts = attempts
        self._room = room
        self._void = void
        self._lease = lease
        self._clock = clock
        self._slots: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(CONCURRENCY))  # by account

    async def take(self, lane: EffectLane) -> float:
        """Try the lane's first effect; returns how many seconds the lane must wait before its next turn.

        Raises `LeaseLost`, and nothing was done, and as `Attempts.make`.
        """
        async with lane.turn:
            if lane.rested:
                await self._drop_erased(lane)
            if not lane.waiting:
                return 0.0
            effect = lane.waiting[0]
            if wait := self._room.wait(effect.key, self._clock()):
                return wait
            self._room.due.pop(effect.key, None)
            lane.doing = effect.key  # from here on it stays first, whatever happens while it waits for its slot
            try:
                async with self._slots[account_of(effect.lane)]:
                    if not self._lease.lasts():
                        raise LeaseLost("we have slept too long: somebody else may be sending this")
                    if effect in self._void:
                        return 0.0
                    with deadline.until(self._lease.until):
                        later = await self._attempts.make(effect)
            finally:
                lane.doing = ""
                if is_void := effect in self._void:  # cancelled while it waited, or while it was tried: not once more
                    self.drop(lane, {effect.key})
            if is_void:
                return 0.0
            if later is None:
                lane.waiting.popleft()
                self._room.end(effect.key)
                return 0.0
            self._room.due[effect.key] = self._clock() + timedelta(seconds=later.seconds)
            lane.waiting[0] = msgspec.structs.replace(effect, attempts=later.attempts)
            return later.seconds

    async def _drop_erased(self, lane: EffectLane) -> None:
        """Forget what the table has no more: its person was, by whichever process."""
        waiting = lane.keys
        self.drop(lane, waiting - await not_erased(waiting))
        lane.rested = False

    def drop(self, lane: EffectLane, keys: Set[str]) -> None:
        """These are in memory no more."""
        self._room.drop(keys)
        lane.drop(keys)
