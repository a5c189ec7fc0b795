"""What happens to a server between nodes: it dies, it sleeps, or one node's way to it is cut, deaf or too slow."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.kit.tcp_proxy import Proxy
from tests.servers import Valkey

#: Bytes a second: below what the nodes tell each other, and above what a node alone says.
SLOWEST, SLOW = 1_500, 6_000
KINDS = ("killed", "stopped", "deaf", "cut", "slow")


@dataclass(frozen=True, slots=True)
class Between:
    """The server, and the way of each node to it."""

    server: Valkey
    ways: Sequence[Proxy]
    chance: random.Random

    @asynccontextmanager
    async def out(self, kind: str) -> AsyncIterator[frozenset[int]]:
        """An outage of this kind while the block runs; yields the nodes that cannot hear themselves meanwhile."""
        if kind in ("killed", "stopped"):
            async with self._killed() if kind == "killed" else self._stopped():
                yield frozenset(range(len(self.ways)))
            return
        hit = self.chance.randrange(len(self.ways))
        way = self.ways[hit]
        way.is_deaf = kind == "deaf"
        way.is_away = kind == "cut"
        way.pace = self.chance.randrange(SLOWEST, SLOW) if kind == "slow" else 0
        if kind == "cut":
            way.cut()
        try:
            yield frozenset() if kind == "slow" else frozenset((hit,))
        finally:
            way.is_deaf, way.is_away, way.pace = False, False, 0

    @asynccontextmanager
    async def _killed(self) -> AsyncIterator[None]:
        await asyncio.to_thread(self.server.kill)
        try:
            yield
        finally:
            await asyncio.to_thread(self.server.start)

    @asynccontextmanager
    async def _stopped(self) -> AsyncIterator[None]:
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.server.pid, signal.SIGCONT)
