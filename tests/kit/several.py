"""Several nodes in one process, on one PostgreSQL and one platform: as alive, asleep or dead as a test wants them.

    async def test_another_goes_on(several: Several) -> None:
        ann, ben = await several.joins(), await several.joins()
        await ann.stops_renewing()
        await several.says("Kim", "hello", at=ben)
        await several.quiet()

Leases are short here, and nodes hear of each other at once unless `several.deafens()` is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.core.message import Inbound
from bot.core.router import Router, Routes
from bot.runtime.languages import Languages
from bot.runtime.lease import Terms
from bot.runtime.node import EVERY_ROLE, Membership
from bot.runtime.parts import Parts
from bot.runtime.runtime import Runtime
from bot.runtime.shop import Shop
from bot.services.filing import Filing, Limits
from bot.storage import media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from models import Effect, Message
from models import Inbound as InboundRow
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import LOCALES, MIB, SimChannel

TERMS = Terms(lease=4.0, beat=0.2, margin=0.4)
ACCOUNT = "telegram"


@dataclass
class OneNode:
    """A runtime, and what a test does to it."""

    runtime: Runtime

    @property
    def shards(self) -> frozenset[int]:
        return self.runtime._lease.shards

    @property
    def is_late(self) -> bool:
        """Whether it knows that its lease is over."""
        return not self.runtime._lease.lasts()

    @property
    def keeps(self) -> bool:
        """Whether it takes what arrives: everybody knows of it."""
        node = self.runtime._node
        return node is not None and node.may_keep

    def holds(self, person: str) -> bool:
        """Whether the lane of this person is its own."""
        return self.runtime._lease.holds(f"{ACCOUNT}:{person}")

    async def stops_renewing(self) -> None:
        """As if its heart had stopped; whatever else is under way goes on."""
        node = self.runtime._node
        assert node is not None
        assert node._cluster._task is not None
        node._cluster._task.cancel()
        await asyncio.gather(node._cluster._task, return_exceptions=True)

    async def wakes(self) -> None:
        """It renews again, or learns that it is too late."""
        node = self.runtime._node
        assert node is not None
        node._cluster._task = asyncio.create_task(node._cluster._run())
        node._cluster.wake()


class Several:
    """`routers` are everybody's handlers; `platform` is where everybody sends."""

    def __init__(self, routers: Sequence[Router], folder: Path) -> None:
        self.platform = SimChannel(ACCOUNT, TELEGRAM)
        self.nodes: list[OneNode] = []
        self._routers = routers
        self._folder = folder
        self._keys = 0
        self._is_deaf = False

    async def joins(
        self, roles: Collection[str] = EVERY_ROLE, *, channel: SimChannel | None = None, patience: float = 5.0
    ) -> OneNode:
        """Another node; returns when it serves, and everybody has their share."""
        channels = {ACCOUNT: channel or self.platform}
        storage = LocalStorage(self._folder / "files", low_space=0)
        shop = Shop(Routes(self._routers), Languages(LOCALES, ("en",)), {ACCOUNT: TELEGRAM}, "CNY")
        parts = Parts(
            shop=shop,
            channels=channels,
            providers={},
            storage=storage,
            filing=Filing(storage, media, new_key),
            limits=Limits(MIB, MIB),
            roles=roles,
            membership=Membership(f"node {len(self.nodes) + 1}", TERMS),
        )
        node = OneNode(Runtime(parts))
        self.nodes.append(node)
        self._connect()
        async with asyncio.timeout(patience):
            await node.runtime.start()
            await node.runtime.start_channels()
            await self._is_fair()
        return node

    def _connect(self) -> None:
        for node in self.nodes:
            others = [one.runtime.bus for one in self.nodes if one is not node]
            node.runtime.bus.forward(
                None if self._is_deaf else lambda event, others=others: [one.deliver(event) for one in others]  # type: ignore[misc]
            )

    def deafens(self) -> None:
        """From here on no hint arrives anywhere else."""
        self._is_deaf = True
        self._connect()

    def hears(self) -> None:
        """Hints arrive again."""
        self._is_deaf = False
        self._connect()

    async def _is_fair(self) -> None:
        workers = [node for node in self.nodes if "worker" in node.runtime._roles]
        share = -(-64 // max(1, len(workers)))
        await until(lambda: not workers or sum(len(node.shards) for node in workers) == 64)
        await until(lambda: all(len(node.shards) <= share for node in workers))

    async def leaves(self, node: OneNode) -> None:
        """In good order."""
        self.nodes.remove(node)
        self._connect()
        await node.runtime.stop()

    async def close(self) -> None:
        """Everybody leaves."""
        for node in [*self.nodes]:
            await self.leaves(node)

    async def says(self, person: str, text: str, *, at: OneNode) -> None:
        """Returns when the node has acknowledged it."""
        self._keys += 1
        await at.runtime.accept([Inbound(ACCOUNT, f"event-{self._keys}", person, "message", text=text)])

    async def quiet(self, patience: float = 20.0) -> None:
        """Until nothing waits in the tables."""
        async with asyncio.timeout(patience):
            while await InboundRow.filter(state="pending").exists() or await Effect.filter(state="pending").exists():
                await asyncio.sleep(0.01)

    def shown(self, person: str) -> list[str]:
        """What this person sees."""
        return [seen.text for seen in self.platform.screens.get(person, [])]

    async def thread(self, person: str) -> list[str]:
        """Author and text of all that was said."""
        rows = await Message.filter(conversation__lane=f"{ACCOUNT}:{person}").order_by("seq")
        return [f"{row.author}: {row.text}" for row in rows]

    def person_of(self, node: OneNode, start: int = 0) -> str:
        """Somebody whose lane is this node's."""
        return next(name for name in (f"p{number}" for number in range(start, start + 10_000)) if node.holds(name))


async def until(true: Callable[[], bool], patience: float = 20.0) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(patience):
        while not true():
            await asyncio.sleep(0.005)
