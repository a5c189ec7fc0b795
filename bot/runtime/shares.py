"""What this node does with the shards that it has: turns in its lanes, and effects."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from bot.runtime.effects import Effects
from bot.runtime.intake import Intake
from bot.runtime.lanes import Lanes
from bot.runtime.lease import EVERY
from bot.runtime.worker import Worker

#: How often a lane that is to come to rest is looked at, seconds.
_LOOK = 0.01


class Shares:
    """See `cluster.Work`."""

    def __init__(self, lanes: Lanes, worker: Worker, effects: Effects, intake: Intake) -> None:
        self._lanes = lanes
        self._worker = worker
        self._effects = effects
        self._intake = intake

    def gain(self, shards: Collection[int]) -> None:
        """The effects first: what a turn wants must find the older ones of its lane before it."""
        self._effects.gain(shards)
        self._intake.gain(shards)

    async def give(self, shards: Collection[int], patience: float) -> set[int]:
        """Turns under way end, then their effects; a shard that does not come to rest in time is kept."""
        self._lanes.freeze(shards)
        try:
            await self._rest(set(shards), patience)
            quiet = set(shards) - self._lanes.busy()
            given = await self._effects.give(quiet, patience)
            self._intake.give(given)
            self._lanes.drop(given)
        finally:
            self._lanes.freeze(())
        return given

    async def _rest(self, shards: set[int], patience: float) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + patience
        while shards & self._lanes.busy() and loop.time() < ends:  # noqa: ASYNC110 - it is short
            await asyncio.sleep(_LOOK)

    async def abandon(self) -> None:
        """Whatever is under way is cut off before this returns, and nothing is left in memory."""
        self._intake.give(EVERY)
        await self._worker.abandon()
        await self._effects.abandon()
        self._lanes.drop(EVERY)

    def meet(self) -> None:
        """Others keep inbounds, too."""
        self._intake.meet()

    async def be_alone(self) -> None:
        """Nobody else does."""
        if not self._intake.is_alone:
            await self._intake.be_alone()
