"""Several processes on one PostgreSQL, and people whose messages reach whichever of them answers."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from tests.faults.crowd import NEVER, Crowd, Json
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer

#: What a proxy before the nodes waits for an answer before it asks the other one, seconds.
PATIENCE = 3.0


class Awake:
    """A clock that counts only while this process runs: where the whole machine stands still, no node is late."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last = time.monotonic()

    async def tick(self) -> None:
        """Wait for a moment."""
        await asyncio.sleep(0.05)
        now = time.monotonic()
        self.seconds += min(now - self._last, 1.0)
        self._last = now


class Freezing(Shop):
    """A shop whose process can be put to sleep."""

    def freezes(self) -> None:
        """SIGSTOP: it does nothing, and knows nothing of it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def wakes(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)

    async def readiness(self) -> Json:
        """What /readyz says; {} when nothing does."""
        try:
            patience = aiohttp.ClientTimeout(total=2)
            async with aiohttp.request("GET", f"{self.url}/readyz", timeout=patience) as response:
                return dict(await response.json())
        except (aiohttp.ClientError, TimeoutError, OSError):
            return {}


def shops(folder: Path, url: str, server: TelegramServer, count: int, **options: Any) -> list[Freezing]:
    """So many installations of one shop, each in a folder of its own."""
    made = []
    for number in range(count):
        own = folder / f"node{number}"
        own.mkdir()
        made.append(Freezing(own, url, (server.token, server.base), **options))
    return made


async def fair(nodes: Sequence[Freezing], patience: float = 40.0) -> None:
    """Until the nodes that run have their shares. Raises TimeoutError."""
    share = -(-64 // len(nodes))
    async with asyncio.timeout(patience):
        while True:
            told = [await node.readiness() for node in nodes]
            held = [int(one.get("shards", -1)) for one in told]
            if sum(held) == 64 and max(held) <= share and all(one.get("ok") for one in told):
                return
            await asyncio.sleep(0.05)


class Balanced(Crowd):
    """Each post goes to one of the nodes in turn, and to another one when that does not answer."""

    def __init__(self, server: TelegramServer, nodes: Sequence[Freezing], *args: Any, **options: Any) -> None:
        super().__init__(server, nodes[0].hook, *args, **options)
        self._nodes = nodes
        self._turn = 0
        self._silent: dict[str, float] = {}

    async def posts(self, told: Json) -> tuple[int, float]:
        """The answer of the first node that gives one."""
        for _ in self._nodes:
            node = self._next()
            began = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    status, wait = await self._post_to(node.hook, told)
            except TimeoutError:
                status, wait = NEVER, 0.0
            if status != NEVER:
                self._silent.pop(node.hook, None)
                return status, wait
            self._silent[node.hook] = began
        return NEVER, 0.1

    def _next(self) -> Freezing:
        """Not the one that was silent a moment ago, if there is another."""
        now = time.monotonic()
        for _ in self._nodes:
            self._turn += 1
            node = self._nodes[self._turn % len(self._nodes)]
            if now - self._silent.get(node.hook, -10.0) > 2.0:
                return node
        return node

    async def _post_to(self, hook: str, told: Json) -> tuple[int, float]:
        self._hook = hook
        return await super().posts(told)
