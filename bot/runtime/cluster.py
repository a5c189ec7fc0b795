"""A node among others: it renews its lease, takes its share of the lanes, gives back what is too much, buries the dead.

Work belongs to a node by shards. A node that joins finds its share in the hands of others, who finish what is under way
there and then let go. A node that could not renew its lease in time stops by its own clock, forgets everything, and
begins again under a new number, while the others go on with what it had.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

import prometheus_client as metrics

from bot.core.deadline import elapsed
from bot.core.errors import DatabaseBusy
from bot.core.events import Event, NodesChanged
from bot.core.shard import SHARDS
from bot.runtime import place, roll
from bot.runtime.lease import EVERY, Lease, Terms
from bot.runtime.roll import Peer
from models.database import Overtaken

log = logging.getLogger(__name__)

HELD = metrics.Gauge("parley_shards_held", "Shards whose lanes this node works on")
LOST = metrics.Counter(
    "parley_leases_lost_total", "How often this node was too late to renew its lease, and began anew"
)
NODES = metrics.Gauge("parley_nodes", "Nodes that share the database, this one included")
#: How long a shard that is to be given away may take to come to rest before it is kept for now, seconds.
PATIENCE = 2.0
#: Seconds: after a renewal that failed, and while another node is about to let go of our share.
AGAIN, SOON = 0.3, 0.2
#: How often a node that somebody does not know yet tells of itself again, seconds: a hint may be lost.
TELL_SECONDS = 0.5


class Work(Protocol):
    """What the shards of a node are for."""

    def gain(self, shards: Collection[int]) -> None:
        """They are ours: take up what the table holds of them."""

    async def give(self, shards: Collection[int], patience: float) -> set[int]:
        """Bring these to rest and forget them; returns those for which that was possible in time."""

    async def abandon(self) -> None:
        """They were taken from us: stop all of it at once, and forget it."""

    def meet(self) -> None:
        """There are other nodes."""

    async def be_alone(self) -> None:
        """There are none, and every shard is ours."""


class Cluster:
    """One node's membership. `told` publishes hints to the others; `beaten` is called after each renewal."""

    def __init__(
        self,
        lease: Lease,
        work: Work,
        roles: Collection[str],
        name: str,
        *,
        told: Callable[[Event], None],
        beaten: Callable[[], Awaitable[None]],
        terms: Terms | None = None,
    ) -> None:
        self._lease = lease
        self._work = work
        self._roles = frozenset(roles)
        self._name = name
        self._told = told
        self._beaten = beaten
        self._terms = terms or Terms()
        self._knows = 0
        self._peers: list[Peer] = []
        self._is_member = False  # the row of our number may be there
        self._is_known = False
        self._told_at = -math.inf  # by our clock
        self._is_resting = False
        self._hopes = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def may_keep(self) -> bool:
        """Whether what is kept here is seen by those who work on it: not while nobody knows of this node."""
        return self._is_known and self._lease.lasts()

    @property
    def others(self) -> int:
        """Other nodes that are there."""
        return sum(peer.id != self._lease.node for peer in self._peers)

    async def start(self) -> None:
        """Join, wait until every other node knows it, take what is free, and go on in the background."""
        await self._join()
        await self._be_known()
        self._task = asyncio.create_task(self._run(), context=contextvars.Context(), name="cluster")

    def rest(self) -> None:
        """Go on renewing, and neither take nor give: the process is about to end."""
        self._is_resting = True

    async def stop(self) -> None:
        """What is under way has ended: hand over everything at once, also where the start was refused half-way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        node = self._lease.node
        self._lease.end()
        if not self._is_member:
            return
        HELD.set(0)
        await self._sign_off(node)
        self._told(NodesChanged(node))

    async def _sign_off(self, node: int) -> None:
        """The row of a node that has ended goes, if the database can be reached: else others bury it."""
        self._is_member = False
        try:
            await roll.leave(node)
        except Exception:  # the others find out by themselves
            log.warning("the node could not sign off", extra={"action": "cluster.leave", "node": node})

    def wake(self) -> None:
        """Something changed among the nodes: look at once."""
        self._wake.set()

    # joining

    async def _join(self) -> None:
        began = elapsed()
        node = await roll.enter(self._name, self._roles, place.own(), self._terms.lease)
        self._lease.begin(node, began + self._terms.lease - self._terms.margin)
        self._is_member = True
        self._knows, self._is_known, self._told_at = node, False, -math.inf
        log.info("joined", extra={"action": "cluster.join", "node": node})
        await self._beat()

    async def _be_known(self) -> None:
        """Another node may believe that it is alone, and must not while we keep what it does not see."""
        while not self._is_known:
            await asyncio.sleep(0.02)
            await self._beat()

    def _tell(self) -> None:
        """Those who wait for nothing look only every other second; hints before they listen are lost."""
        if elapsed() >= self._told_at + TELL_SECONDS:
            self._told_at = elapsed()
            self._told(NodesChanged(self._lease.node))

    # beating

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._renew()

    def _pause(self) -> float:
        """Until the next renewal, or until somebody's lease is over who does not seem to renew it."""
        if not self._is_known:
            return 0.05
        if self._hopes:
            return SOON
        ends = min((peer.left for peer in self._peers if peer.id != self._lease.node), default=math.inf)
        return max(0.02, min(self._terms.beat, ends + 0.05))

    async def _renew(self) -> None:
        try:
            # Until our own time is over; who is late already begins anew, and that may take as long as it takes.
            async with asyncio.timeout(self._lease.left() if self._lease.lasts() else self._terms.lease):
                await self._beat()
            await self._beaten()
        except Exception as error:
            facts = {"action": "cluster.beat", "node": self._lease.node, "error": type(error).__name__}
            log.warning("the lease could not be renewed", extra=facts)
            if not self._lease.lasts():
                await self._lose()
            await asyncio.sleep(AGAIN)
            self._wake.set()

    async def _beat(self) -> None:
        began = elapsed()
        was_late = not self._lease.lasts()
        if self._lease.node and not was_late:
            await roll.renew(self._lease.node, self._knows, self._terms.lease)
        peers = await roll.peers()
        mine = next((peer for peer in peers if peer.id == self._lease.node), None)
        if was_late or mine is None or mine.left <= 0:
            await self._lose()
            await self._join()
            return
        self._lease.extend(began + self._terms.lease - self._terms.margin)
        await self._look_round(peers)

    async def _lose(self) -> None:
        """Everything that we have may be another node's by now."""
        node, had = self._lease.node, self._lease.shards
        self._lease.end()
        self._is_known = False
        HELD.set(0)
        await self._work.abandon()
        if self._is_member:
            LOST.inc()
            facts = {"action": "cluster.lost", "node": node, "shards": len(had)}
            log.warning("the lease is lost: another node goes on", extra=facts)
            await self._sign_off(node)  # the number stays ours: what was begun under it is refused

    async def _look_round(self, peers: list[Peer]) -> None:
        living = self._peers = await self._bury(peers)
        NODES.set(len(living))
        newest = max(peer.id for peer in living)
        if self.others:
            self._work.meet()
        if newest > self._knows:
            self._knows = newest
            self._wake.set()  # those who join wait until we have said so
        # Who came after us finds our row before doing anything, so its coming makes nobody here a stranger.
        self._is_known = all(peer.knows >= self._lease.node for peer in living if peer.id < self._lease.node)
        if not self._is_known:
            self._tell()
        if "worker" in self._roles and not self._is_resting:
            await self._balance(living)

    async def _bury(self, peers: Collection[Peer]) -> list[Peer]:
        """The living."""
        gone = {peer.id for peer in peers if peer.id != self._lease.node and place.is_gone(peer.place)}
        living = [peer for peer in peers if peer.left > 0 and peer.id not in gone]
        sessions = {peer.session for peer in living}
        for peer in peers:
            if peer in living:
                continue
            if await roll.bury(peer, certain=peer.id in gone, alone=peer.session not in sessions):
                log.warning("a node is dead; its lanes are free", extra={"action": "cluster.bury", "node": peer.id})
            else:
                living.append(peer)
        return living

    # sharing

    async def _balance(self, living: Collection[Peer]) -> None:
        owners = await roll.shards()
        mine = {number for number, node in owners.items() if node == self._lease.node}
        share = math.ceil(SHARDS / max(1, sum(peer.works() for peer in living)))
        others = Counter(node for node in owners.values() if node != self._lease.node)
        self._hopes = len(mine) < share < max(others.values(), default=0)
        if strange := mine - self._lease.shards:
            self._gain(strange)
        if len(mine) > share:
            await self._give_back(mine, len(mine) - share)
        elif len(mine) < share and None in owners.values():
            self._gain(await self._claim(share - len(mine)))
        if not self.others and self._lease.shards == EVERY:
            await self._work.be_alone()

    async def _claim(self, most: int) -> list[int]:
        try:
            return await roll.claim(self._lease.node, most)
        except Overtaken as error:
            raise DatabaseBusy("the lease was over before the shards were ours") from error

    def _gain(self, shards: Collection[int]) -> None:
        if shards:
            self._lease.gain(shards)
            HELD.set(len(self._lease.shards))
            self._work.gain(shards)

    async def _give_back(self, mine: Collection[int], count: int) -> None:
        """Those that come to rest soon; the rest stays ours until the next time."""
        given = await self._work.give(sorted(mine)[-count:], PATIENCE)
        if given:
            self._lease.give(given)
            HELD.set(len(self._lease.shards))
            await roll.give(self._lease.node, given)
            self._told(NodesChanged(self._lease.node))
