"""Brings pending inbounds into the lanes: at once where this node is alone, else past the table.

Within a lane the table's ids tell the order. What this node has just kept may therefore be queued as it is only while
nobody else keeps anything. As soon as there are other nodes, whatever arrives is queued together with all older ones of
its lane, which costs one query for all that arrive at a time; and now and then everything of this node's shards that is
not in memory is looked for, since ids become visible out of order.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

from bot.core.events import WorkArrived
from bot.core.faults import fault
from bot.core.shard import shard_of
from bot.runtime.inbox import read_inbounds, unfinished
from bot.runtime.lanes import Lanes
from bot.runtime.lease import Lease
from bot.runtime.ledger import Waiting
from models.database import fetch, marks

log = logging.getLogger(__name__)

#: Where hints from other nodes are lost, this is how long work waits, seconds.
LOOK_SECONDS = 1.0
#: The same while this node is alone: nothing should be found.
LOOK_ALONE_SECONDS = 10.0
_CHUNK = 2_000
_PENDING = "SELECT id FROM inbound WHERE state = 'pending' AND shard IN ({shards}){more} ORDER BY id LIMIT ?"


class Intake:
    """`told` publishes that work arrived which is another node's; `most` inbounds are held in memory."""

    def __init__(self, lanes: Lanes, lease: Lease, most: int, told: Callable[[WorkArrived], None]) -> None:
        self._lanes = lanes
        self._lease = lease
        self._most = most
        self._told = told
        self._shards: frozenset[int] = frozenset()  # whose inbounds we take in
        self._waiting: list[Waiting] = []  # kept here, their lanes not looked at yet
        self._look = True  # at everything
        self._looked_at = -math.inf
        self._is_alone = not lease.is_shared
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_reading = False
        self._looks = 0
        self._doubts = 0
        self._looked = asyncio.Condition()

    async def start(self) -> None:
        """Take up what an earlier process left; where there are other nodes, go on looking."""
        if self._lease.is_shared:
            self._task = asyncio.create_task(self._run(), context=contextvars.Context(), name="intake")
            return
        last = 0
        while waiting := await unfinished(last, _CHUNK):
            self._lanes.add(waiting)
            last = waiting[-1].id

    async def stop(self) -> None:
        """Nothing is taken in from here on."""
        self._shards, self._is_alone = frozenset(), not self._lease.is_shared
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def size(self) -> int:
        """Inbounds that were kept here and are not in their lanes yet."""
        return len(self._waiting)

    def arrived(self, arrivals: Iterable[Waiting]) -> None:
        """They are on disk."""
        if self._is_alone:
            self._lanes.add(arrivals)
            return
        shards = set()
        for waiting in arrivals:
            shard = shard_of(waiting.inbound.lane)
            if shard in self._shards:
                self._waiting.append(waiting)
                self._wake.set()
            else:
                shards.add(shard)
        if shards:
            self._told(WorkArrived(tuple(sorted(shards))))

    def doubt(self) -> None:
        """A commit was not told: what it kept may be on disk, before what arrives next in its lanes."""
        self.known()
        self.look()

    def known(self) -> None:
        """What came again was kept before, perhaps by a node that was buried while it kept it, and is not here."""
        self._doubts += 1
        self.meet()

    def look(self) -> None:
        """At everything, now."""
        self._look = True
        self._wake.set()

    def gain(self, shards: Collection[int]) -> None:
        """From here on these are ours."""
        self._shards |= frozenset(shards)
        self.look()

    def give(self, shards: Collection[int]) -> None:
        """These are not, any more."""
        self._shards -= frozenset(shards)
        self._is_alone = not self._lease.is_shared
        self._waiting = [one for one in self._waiting if shard_of(one.inbound.lane) not in shards]

    def meet(self) -> None:
        """There may be what we do not know of: nothing is queued without a look at the table."""
        self._is_alone = not self._lease.is_shared

    async def be_alone(self) -> None:
        """There is nobody else, and every shard is ours: once all is in memory, what arrives is queued as it is."""
        shards, doubts = self._shards, self._doubts
        async with self._looked:
            wanted = self._looks + 2  # one that began before this call tells nothing
            while self._looks < wanted:
                self.look()
                await self._looked.wait()
        # No await from here on: nothing can arrive between.
        is_quiet = not self._waiting and not self._is_reading and self._lanes.size < self._most
        is_quiet &= doubts == self._doubts
        self._is_alone = is_quiet and shards == self._shards == self._lease.shards

    @property
    def is_alone(self) -> bool:
        """Whether what arrives is queued as it is."""
        return self._is_alone

    async def _run(self) -> None:
        while True:
            await self._rest()
            try:
                await self._take_in()
            except Exception as error:
                # The database may be away for a moment, and what was kept is in it: the next look finds it.
                log.error("inbounds could not be read", extra={"action": "intake.look"} | fault(error))
                self._look = True
                await asyncio.sleep(LOOK_SECONDS / 2)
            self._looks += 1
            async with self._looked:
                self._looked.notify_all()

    async def _rest(self) -> None:
        """Until something arrives or is told, or everything is to be looked at, however much arrives meanwhile."""
        clock = asyncio.get_running_loop().time
        due = self._looked_at + (LOOK_ALONE_SECONDS if self._is_alone else LOOK_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, due - clock())):
                await self._wake.wait()
        self._wake.clear()
        self._look |= clock() >= due
        if self._look:
            self._looked_at = clock()

    async def _take_in(self) -> None:
        fresh, self._waiting = self._waiting, []
        everything, self._look = self._look, False
        self._is_reading = True
        self._lanes.reads()
        try:
            if fresh:
                await self._with_older(fresh)
            if everything and self._shards and self._lanes.size < self._most:
                await self._add(await self._pending(sorted(self._shards)), ())
        except BaseException:
            self._look |= everything or bool(fresh)
            raise
        finally:
            self._lanes.has_read()
            self._is_reading = False

    async def _with_older(self, fresh: Sequence[Waiting]) -> None:
        """What has arrived, and whatever of its lanes was kept before it and is not here."""
        lanes = list({waiting.inbound.lane for waiting in fresh})
        for start in range(0, len(lanes), _CHUNK):
            some = lanes[start : start + _CHUNK]
            mine = set(some)
            shards = sorted({shard_of(lane) for lane in some})
            await self._add(await self._pending(shards, some), [one for one in fresh if one.inbound.lane in mine])

    async def _pending(self, shards: Sequence[int], lanes: Sequence[str] = ()) -> list[int]:
        more = f" AND lane IN ({marks(len(lanes))})" if lanes else ""
        sql = _PENDING.format(shards=marks(len(shards)), more=more)
        return [int(row["id"]) for row in await fetch(sql, (*shards, *lanes, self._most))]

    async def _add(self, ids: Sequence[int], fresh: Sequence[Waiting]) -> None:
        """Queue what is not here, in the order of ids. What is given away meanwhile is left out."""
        # An earlier look may have found what arrived only then: by now it may have been handled, and is not pending.
        pending = set(ids)
        here = {waiting.id: waiting for waiting in fresh if waiting.id in pending}
        missing = [id_ for id_ in ids if id_ not in self._lanes and id_ not in here]
        for start in range(0, len(missing), _CHUNK):
            here |= {waiting.id: waiting for waiting in await read_inbounds(missing[start : start + _CHUNK])}
        self._lanes.add(one for _, one in sorted(here.items()) if shard_of(one.inbound.lane) in self._shards)
