"""What this node may work on, and until when: asked before anything is taken or sent, answered without a query.

The answer is cautious. The time runs from before the renewal was asked for, by a clock that goes on while the process
is stopped, and ends earlier than the database's. So a process that wakes up late knows that it is late.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.core.deadline import elapsed
from bot.core.shard import SHARDS, shard_of

EVERY = frozenset(range(SHARDS))


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: how long a lease is, how often it is renewed, and how much earlier the node itself believes it over."""

    lease: float = 9.0
    beat: float = 2.0
    margin: float = 2.0


class Lease:
    """`node` is the fencing number, 0 while there is none. `shards` are those whose lanes this node works on."""

    def __init__(self, clock: Callable[[], float] = elapsed) -> None:
        self._clock = clock
        self._until = 0.0
        self.node = 0
        self.shards: frozenset[int] = frozenset()

    @property
    def is_shared(self) -> bool:
        """Whether other nodes may serve the same database."""
        return True

    def lasts(self) -> bool:
        """Whether the node may act at this moment."""
        return self._clock() < self._until

    @property
    def until(self) -> float:
        """The moment of its clock at which it is over."""
        return self._until

    def left(self) -> float:
        """Seconds."""
        return self._until - self._clock()

    def holds(self, lane: str) -> bool:
        """Whether the node may act on this lane at this moment."""
        return shard_of(lane) in self.shards and self.lasts()

    def begin(self, node: int, until: float) -> None:
        """The node has its row; `until` by our clock."""
        self.node, self._until = node, until

    def extend(self, until: float) -> None:
        """It was renewed."""
        self._until = until

    def doubt(self) -> None:
        """The database says otherwise: nothing is done until the lease is renewed or begins anew."""
        self._until = 0.0

    def gain(self, shards: Iterable[int]) -> None:
        """These are ours from here on."""
        self.shards |= frozenset(shards)

    def give(self, shards: Iterable[int]) -> None:
        """These are not, any more."""
        self.shards -= frozenset(shards)

    def end(self) -> None:
        """Nothing is ours."""
        self._until, self.shards = 0.0, frozenset()


class WholeDatabase(Lease):
    """That of the one process which serves a database alone: everything, for ever."""

    def __init__(self) -> None:
        super().__init__(lambda: 0.0)
        self._until, self.shards = 1.0, EVERY

    @property
    def is_shared(self) -> bool:
        """Never."""
        return False

    @property
    def until(self) -> float:
        """Never."""
        return math.inf

    def holds(self, lane: str) -> bool:  # noqa: ARG002 - all lanes
        """Always."""
        return True

    def doubt(self) -> None:
        """There is none."""

    def end(self) -> None:
        """It does not end."""
