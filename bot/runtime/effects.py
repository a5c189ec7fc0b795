"""What must happen outside waits here for its turn: in order within a lane, and lanes do not wait for each other.

The row comes first, in the transaction that wanted it. Fresh effects are handed over in memory after the commit; the
table is polled for the rest (staff's, the scheduler's, those of a process that died), so nothing depends on the memory.
While the table may hold older effects than the memory (at start, or after too much came at once), fresh ones wait for
the poll, so that they do not overtake those of their own lane.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence, Set
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.core.errors import LeaseLost
from bot.core.faults import fault
from bot.core.shard import shard_of
from bot.runtime.attempts import Attempts, OutOfOrder
from bot.runtime.effect_lane import EffectLane
from bot.runtime.effect_turns import EffectTurns
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.pending import pending
from bot.runtime.room import Room
from bot.runtime.void import Void
from bot.runtime.writes import NewEffect

log = logging.getLogger(__name__)

#: Effects of one account held in memory; what is beyond waits in the table.
MOST_IN_MEMORY = 5_000
POLL_SECONDS = 1.0
#: How long a lane rests when nobody knows whether it is ours, seconds.
LATE_REST = 0.2


class Effects:
    """The runner: says which effect is next on which lane, and has `attempts` try it."""

    def __init__(
        self,
        attempts: Attempts,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lease: Lease | None = None,
    ) -> None:
        self._lease = lease or WholeDatabase()
        self._shards = self._lease.shards  # whose effects are here
        self._frozen: frozenset[int] = frozenset()  # of these, those that are about to go
        self._clock = clock
        self._lanes: dict[str, EffectLane] = {}
        self._room = Room()
        self._behind = True  # the table may hold older effects than the memory
        self._doubts = 0
        self._late: list[NewEffect] = []  # came while the poll read and we were behind
        self._void = Void(clock)
        self._turns = EffectTurns(attempts, self._room, self._void, self._lease, clock)
        self._wake = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def size(self) -> int:
        """Effects under way, waiting for their turn or for a retry; at least 1 while some may wait in the table."""
        return len(self._room) + self._behind + len(self._room.full)

    def start(self) -> None:
        """Begin; what an earlier process left is found by the first poll."""
        self._poller = asyncio.create_task(self._poll(), context=contextvars.Context(), name="effects")

    async def stop(self, grace: float = 5.0) -> None:
        """Let what is under way finish for `grace` seconds; the rest stays in the table."""
        self._stopping = True
        if self._poller:
            self._poller.cancel()
        self._rouse()
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def offer(self, effects: Sequence[NewEffect]) -> None:
        """Take what was just committed. Past the memory's bound, the poll will find it later."""
        if self._room.is_reading and (self._behind or self._room.full):
            self._late += effects
        if not self._behind:
            self._take(effects)

    def _take(self, effects: Sequence[NewEffect]) -> None:
        """Queue effects on their lanes, where their accounts have room."""
        for effect in effects:
            if effect.key in self._room or effect.key in self._room.ended or effect in self._void:
                continue
            if self._lease.is_shared and not self._is_mine(effect.lane):
                continue
            if not self._room.add(effect, MOST_IN_MEMORY):
                continue
            lane = self._lanes.setdefault(effect.lane, EffectLane())
            lane.waiting.append(effect)
            self._run(effect.lane, lane)

    def _run(self, name: str, lane: EffectLane) -> None:
        if lane.waiting and lane.task is None and not self._stopping:
            lane.task = asyncio.create_task(self._drain(name, lane), context=contextvars.Context())

    def wake(self) -> None:
        """Somebody committed effects without handing them over, or the clock was moved: look at once."""
        self._wake.set()

    def doubt(self) -> None:
        """A commit was not told: its effects are in the table only, and what comes now waits behind them."""
        self._doubts += 1
        self._behind = True
        self._wake.set()

    def _rouse(self) -> None:
        for lane in self._lanes.values():
            lane.alarm.set()

    @asynccontextmanager
    async def hold(self, lane_name: str) -> AsyncIterator[None]:
        """Nothing leaves on this lane inside the block; what was leaving has left and is recorded."""
        lane = self._lanes.setdefault(lane_name, EffectLane())
        lane.holders += 1
        try:
            async with lane.turn:
                yield
        finally:
            lane.holders -= 1
            self._forget(lane_name, lane)

    def void(self, lane_name: str, conversation_id: int, epoch: int) -> None:
        """No bot message older than `epoch` leaves any more.

        Call it after the commit, inside `hold` or in the lane's own turn, whose effect stays until it is recorded.
        """
        self._void.add(conversation_id, epoch)
        lane = self._lanes.get(lane_name, EffectLane())
        self._turns.drop(lane, {effect.key for effect in lane.waiting if effect in self._void} - {lane.doing})

    # shards that come and go

    def _is_mine(self, lane: str) -> bool:
        return shard_of(lane) in self._shards and shard_of(lane) not in self._frozen

    def gain(self, shards: Collection[int]) -> None:
        """From here on these are ours; what the table holds of them comes first."""
        self._shards |= frozenset(shards)
        self._behind = True
        self._wake.set()

    async def give(self, shards: Collection[int], patience: float) -> set[int]:
        """Take nothing more of these, and forget those of which nothing is under way within `patience` seconds."""
        self._frozen |= frozenset(shards)
        lanes = {name: lane for name, lane in self._lanes.items() if shard_of(name) in shards}
        for lane in lanes.values():
            lane.alarm.set()  # a lane that rests need not be waited for
        under_way = {lane.task: shard_of(name) for name, lane in lanes.items() if lane.task}
        held = {asyncio.ensure_future(lane.freed()): shard_of(name) for name, lane in lanes.items() if lane.holders}
        tasks = under_way | held
        try:
            late = (await asyncio.wait(tasks, timeout=patience))[1] if tasks else set()
        except asyncio.CancelledError:  # the lease is over; frozen they would stay for ever
            self._resume(shards, frozenset(shards))
            raise
        for task in held:
            task.cancel()
        kept = {tasks[task] for task in late}
        self._resume(kept, frozenset(shards))
        given = set(shards) - kept
        self._shards -= given
        self._forget_shards(given)
        return given

    def _resume(self, kept: Collection[int], asked: frozenset[int]) -> None:
        self._frozen -= asked
        self._behind |= bool(kept)  # what came meanwhile is in the table only
        for name, lane in self._lanes.items():
            if shard_of(name) in kept:
                self._run(name, lane)

    def _forget_shards(self, shards: Collection[int]) -> None:
        for name, lane in [*self._lanes.items()]:
            if shard_of(name) in shards:
                self._turns.drop(lane, lane.keys)
                self._forget(name, lane)

    async def abandon(self) -> None:
        """Others have all our shards: what is under way is cut off, and what is here is forgotten."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in self._lanes.values():
            lane.task = None
        self._forget_shards(self._shards)
        self._shards = self._frozen = frozenset()
        self._behind = True

    async def _poll(self) -> None:
        while True:
            await self._look()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()
            self._rouse()

    async def _look(self) -> None:
        self._room.ended.clear()
        self._late.clear()
        self._void.forget()
        self._room.is_reading, shards, doubts = True, self._shards, self._doubts
        crowded = self._room.crowded(MOST_IN_MEMORY // 2)  # they have enough to do
        full = self._room.full - crowded  # who becomes full meanwhile has more in the table than this will have read
        try:
            found = await pending(sorted(shards) if self._lease.is_shared else None, sorted(crowded), MOST_IN_MEMORY)
        except Exception as error:
            # The database may be away for a moment; the next poll looks again.
            log.error("effects could not be read", extra={"action": "effects.poll"} | fault(error))
            return
        finally:
            self._room.is_reading = False
        if doubts != self._doubts:
            self._late.clear()  # the next poll finds them, behind what this one may not have seen
        self._admit(found, full, crowded)
        self._behind |= shards != self._shards or doubts != self._doubts  # what came meanwhile was not read

    def _admit(self, found: Sequence[tuple[NewEffect, datetime | None]], full: Set[str], crowded: Set[str]) -> None:
        """Take what the table holds, with the rest of who was `full`, and behind it what came meanwhile."""
        now = self._clock()
        for effect, due in found:
            if due and due > now and effect.key not in self._room:
                self._room.due[effect.key] = due
        self._room.full -= full
        self._take([effect for effect, _ in found])
        if len(found) >= MOST_IN_MEMORY:  # of these there may be more behind
            self._room.full |= full
            return
        if self._behind:
            self._behind = False
            self._room.full |= crowded
        self._take(self._late)

    # one lane

    async def _drain(self, name: str, lane: EffectLane) -> None:
        while lane.waiting and not self._stopping and self._may(name):
            try:
                delay = await self._turns.take(lane)
            except LeaseLost:
                delay = LATE_REST  # forgotten as soon as we know who has the lane
            except OutOfOrder:
                self._turns.drop(lane, lane.keys)
                self.doubt()
                delay = 0.0
            except Exception as error:
                # The record could not be written: the effect stays first, and its key keeps it from doubling.
                log.error("an effect could not be recorded", extra={"action": "effects.lane"} | fault(error))
                delay = 1.0
            if delay:
                await self._rest(lane, delay)
        lane.task = None
        self._forget(name, lane)

    def _may(self, name: str) -> bool:
        return not self._frozen or shard_of(name) not in self._frozen

    def _forget(self, name: str, lane: EffectLane) -> None:
        if lane.is_idle and self._lanes.get(name) is lane:
            del self._lanes[name]

    async def _rest(self, lane: EffectLane, seconds: float) -> None:
        """Leave the lane alone for so long, or until somebody has it look at the clock again."""
        if await lane.rest(seconds) and lane.waiting:
            self._room.due.pop(lane.waiting[0].key, None)
