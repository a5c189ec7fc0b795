"""Which conversation is next: order within a lane, no waiting between lanes, an album is one message."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import msgspec

from bot.core.shard import shard_of
from bot.runtime.ledger import Waiting

#: How long the last picture of an album may be behind the one before it, seconds.
ALBUM_GAP = 0.8


@dataclass(slots=True)
class Lane:
    """One conversation's queue. `busy` while a worker has its head; `asleep` while a retry or an album is awaited."""

    name: str
    waiting: deque[Waiting] = field(default_factory=deque)
    busy: bool = False
    asleep: asyncio.TimerHandle | None = None
    last_arrival: float = 0.0


class Head(msgspec.Struct, frozen=True):
    """What a worker takes: the first inbound of a lane, or all of the album that it begins."""

    lane: str
    waiting: tuple[Waiting, ...]

    @property
    def ids(self) -> list[tuple[int]]:
        """Rows for a statement about them."""
        return [(waiting.id,) for waiting in self.waiting]


class Lanes:
    """The in-memory image of the pending inbounds. The table stays the truth; this is rebuilt from it at start."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._wake = asyncio.Event()
        self._ids: set[int] = set()
        self._ended: set[int] | None = None  # since somebody began to read the table
        self._frozen: frozenset[int] = frozenset()  # shards whose lanes rest

    @property
    def size(self) -> int:
        """Inbounds that wait or are under way."""
        return len(self._ids)

    def __contains__(self, id_: object) -> bool:
        """Whether the inbound is here, or was until after `reads` was called."""
        return id_ in self._ids or (self._ended is not None and id_ in self._ended)

    def add(self, arrivals: Iterable[Waiting]) -> None:
        """Queue what arrived, in its order; what is here already is left out."""
        now = asyncio.get_running_loop().time()
        for waiting in arrivals:
            if waiting.id in self:
                continue
            self._ids.add(waiting.id)
            lane = self._lanes.setdefault(waiting.inbound.lane, Lane(waiting.inbound.lane))
            is_late = bool(lane.waiting) and lane.waiting[-1].id > waiting.id
            lane.waiting.append(waiting)
            if is_late:  # another node kept it before, and we hear of it only now
                lane.waiting = deque(sorted(lane.waiting, key=lambda one: one.id))
            lane.last_arrival = now
            if len(lane.waiting) == 1:
                self._offer(lane)

    def reads(self) -> None:
        """Somebody begins to read the table: its rows may show as pending what ends here meanwhile."""
        self._ended = set()

    def has_read(self) -> None:
        """What was read is here, or left out."""
        self._ended = None

    async def take(self, most: int) -> list[Head]:
        """Wait for ready lanes and take up to `most` heads, one of each lane."""
        while True:
            heads = [head for lane in self._pop(most) if (head := self._head(lane)) is not None]
            if heads:
                return heads
            if not self._ready:
                self._wake.clear()
                await self._wake.wait()

    def _pop(self, most: int) -> list[Lane]:
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def _head(self, lane: Lane) -> Head | None:
        if lane.busy or lane.asleep or not lane.waiting or self._rests(lane):
            return None
        group = lane.waiting[0].inbound.group
        if group and (gap := self._album_gap(lane)) > 0:
            self.sleep(lane.name, gap)
            return None
        lane.busy = True
        album = [one for one in lane.waiting if group and one.inbound.group == group]
        return Head(lane.name, tuple(album) or (lane.waiting[0],))

    def _album_gap(self, lane: Lane) -> float:
        return lane.last_arrival + ALBUM_GAP - asyncio.get_running_loop().time()

    def under_way(self) -> list[Waiting]:
        """The first inbound of each lane that a worker has."""
        return [lane.waiting[0] for lane in self._lanes.values() if lane.busy]

    def done(self, head: Head) -> None:
        """The head was handled (or parked): the lane goes on with what is behind it."""
        lane = self._lanes[head.lane]
        handled = {waiting.id for waiting in head.waiting}
        lane.waiting = deque(one for one in lane.waiting if one.id not in handled)
        self._ids -= handled
        if self._ended is not None:
            self._ended |= handled
        self.release(head.lane)

    def retry(self, head: Head, delay: float) -> None:
        """The head failed: it stays first, and is taken again in `delay` seconds."""
        lane = self._lanes[head.lane]
        again = {one.id: Waiting(one.id, one.inbound, one.attempts + 1) for one in head.waiting}
        lane.waiting = deque(again.get(one.id, one) for one in lane.waiting)
        lane.busy = False
        self.sleep(head.lane, delay)

    def postpone(self, head: Head, delay: float) -> None:
        """Nothing was wrong with the head, but it cannot be handled now."""
        self._lanes[head.lane].busy = False
        self.sleep(head.lane, delay)

    def release(self, name: str) -> None:
        """The lane is free; it is forgotten when nothing waits in it."""
        lane = self._lanes[name]
        lane.busy = False
        if lane.waiting:
            self._offer(lane)
        elif not lane.asleep:
            del self._lanes[name]

    def sleep(self, name: str, seconds: float) -> None:
        """Leave the lane alone for a while."""
        lane = self._lanes[name]
        lane.asleep = asyncio.get_running_loop().call_later(seconds, self._awake, lane)

    def _awake(self, lane: Lane) -> None:
        lane.asleep = None
        if lane.waiting:
            self._offer(lane)

    # shards that come and go

    def freeze(self, shards: Collection[int]) -> None:
        """From here on no lane of only these shards is taken; with none of them all go on."""
        self._frozen = frozenset(shards)
        for lane in self._lanes.values():
            if lane.waiting:
                self._offer(lane)

    def _rests(self, lane: Lane) -> bool:
        return bool(self._frozen) and shard_of(lane.name) in self._frozen

    def busy(self) -> set[int]:
        """The shards of lanes that a worker has."""
        return {shard_of(lane.name) for lane in self._lanes.values() if lane.busy}

    def drop(self, shards: Collection[int]) -> None:
        """Forget all lanes of these shards: another node works on them. None of theirs may be under way."""
        for lane in [lane for lane in self._lanes.values() if shard_of(lane.name) in shards]:
            if lane.asleep:
                lane.asleep.cancel()
            self._ids -= {waiting.id for waiting in lane.waiting}
            lane.waiting.clear()
            lane.busy = False
            del self._lanes[lane.name]

    def _offer(self, lane: Lane) -> None:
        if not lane.busy and not lane.asleep:
            self._ready.append(lane)
            self._wake.set()
