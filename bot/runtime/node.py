"""One node of several on one database: its membership, its share of the work, errands and duties."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.errors import DatabaseBusy
from bot.core.events import Event, WorkArrived
from bot.core.ports import Accept, Channel
from bot.runtime import errands, roll
from bot.runtime.bus import Bus, Subscription
from bot.runtime.cluster import Cluster
from bot.runtime.duties import Duties
from bot.runtime.effects import Effects
from bot.runtime.errands import Errands
from bot.runtime.intake import Intake
from bot.runtime.lease import Lease, Terms
from bot.runtime.shares import Shares
from bot.services import queues

log = logging.getLogger(__name__)

ROLES = ("web", "worker", "scheduler")
EVERY_ROLE = frozenset(ROLES)


@dataclass(frozen=True, slots=True)
class Membership:
    """What a node is called, and for how long others wait for it."""

    name: str = ""
    terms: Terms = field(default_factory=Terms)


class Node:
    """Beside a runtime, where several may serve one database."""

    def __init__(
        self,
        lease: Lease,
        shares: Shares,
        intake: Intake,
        effects: Effects,
        bus: Bus,
        roles: Collection[str],
        channels: Mapping[str, Channel],
        accept: Accept,
        verb: errands.Run,
        membership: Membership,
        most_waiting: int,
    ) -> None:
        self._lease = lease
        self._intake = intake
        self._effects = effects
        self._bus = bus
        self._roles = frozenset(roles)
        self._most = most_waiting
        self._waiting = 0  # pending inbounds of all nodes, counted now and then
        self._receives = False
        self._subscriptions: list[Subscription] = []
        name = membership.name or f"{socket.gethostname()}:{os.getpid()}"
        self.errands = Errands(lease, verb, bus.publish)
        self.duties = Duties(channels, lease, accept)
        self._shares = shares
        self._cluster = Cluster(
            lease, self, self._roles, name, told=bus.publish, beaten=self._beaten, terms=membership.terms
        )

    async def start(self) -> None:
        """Join, and take a share of the work."""
        for topic, callback in (
            ("work", self._on_work),
            ("nodes", self._on_nodes),
            ("errand", self._on_errand),
            ("missed", self._on_missed),
        ):
            self._subscriptions.append(self._bus.subscribe(topic, callback))
        await self._cluster.start()
        if "worker" in self._roles:
            self.errands.start()

    async def receive(self) -> None:
        """From here on take the duties that nobody does. Raises `ConfigError`."""
        if "web" in self._roles:
            await self.duties.begin()
            self._receives = True

    def rest(self) -> None:
        """The process is about to end: take no new share."""
        self._receives = False
        self.duties.close()
        self._cluster.rest()

    async def stop(self) -> None:
        """Hand over: everything of this node has ended. Again, and after a start that was refused, it does no harm."""
        await self.errands.stop()
        while self._subscriptions:
            await self._bus.unsubscribe(self._subscriptions.pop())
        await self._cluster.stop()

    # how it stands

    @property
    def may_keep(self) -> bool:
        """See `Cluster.may_keep`."""
        return self._cluster.may_keep

    @property
    def waiting(self) -> int:
        """Inbounds that all nodes have yet to handle, as of the last count; 0 while this node is alone."""
        return self._waiting

    @property
    def nodes(self) -> int:
        """Nodes that share the database, this one included."""
        return self._cluster.others + 1

    def standing(self) -> dict[str, object]:
        """For people and probes."""
        return {
            "node": self._lease.node,
            "roles": sorted(self._roles),
            "shards": len(self._lease.shards),
            "nodes": self.nodes,
        }

    def trouble(self) -> str:
        """Why this node should get no visitors at this moment; "" when it may."""
        return "" if self.may_keep else "this node was late to renew its lease, and begins anew"

    # work that comes and goes

    def gain(self, shards: Collection[int]) -> None:
        """See `cluster.Work`."""
        self._shares.gain(shards)

    async def give(self, shards: Collection[int], patience: float) -> set[int]:
        """See `cluster.Work`."""
        return await self._shares.give(shards, patience)

    async def abandon(self) -> None:
        """See `cluster.Work`."""
        await self.duties.rest()
        await self._shares.abandon()

    def meet(self) -> None:
        """See `cluster.Work`."""
        self._shares.meet()

    async def be_alone(self) -> None:
        """See `cluster.Work`."""
        await self._shares.be_alone()

    async def _beaten(self) -> None:
        """What is looked at as often as the lease is renewed."""
        await roll.adopt()
        await errands.prune()
        if self._receives:
            await self.duties.look()
        self._waiting = 0 if self._intake.is_alone else await queues.pending(self._most)

    # hints

    async def _on_work(self, events: Sequence[Event]) -> None:
        shards = {shard for event in events if isinstance(event, WorkArrived) for shard in event.shards}
        everywhere = any(isinstance(event, WorkArrived) and not event.shards for event in events)
        if everywhere or not self._lease.shards.isdisjoint(shards):
            self._intake.look()
            self._effects.wake()

    async def _on_nodes(self, events: Sequence[Event]) -> None:  # noqa: ARG002 - that there was one
        self._cluster.wake()

    async def _on_errand(self, events: Sequence[Event]) -> None:  # noqa: ARG002 - that there was one
        await self.errands.hint()

    async def _on_missed(self, events: Sequence[Event]) -> None:  # noqa: ARG002 - that there was one
        self._cluster.wake()
        self._intake.look()
        self._effects.wake()
        await self.errands.hint()


def refuse(node: Node | None) -> None:
    """Raise `DatabaseBusy` while what is kept here would not be seen by those who work on it."""
    if node is not None and not node.may_keep:
        raise DatabaseBusy("this node was late to renew its lease, and begins anew", after=1.0)
