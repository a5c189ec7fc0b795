"""Nodes broken on purpose, in one way each: a simulation of several that does not notice them proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any

from bot.core.events import WorkArrived
from bot.core.shard import shard_of
from bot.runtime import failures, holding, ledger, roll, worker
from bot.runtime.cluster import Cluster
from bot.runtime.desk import Desk
from bot.runtime.intake import Intake
from bot.runtime.lease import Lease
from bot.runtime.ledger import Waiting
from bot.runtime.roll import Peer
from bot.runtime.runtime import Runtime
from bot.runtime.shares import Shares
from bot.runtime.staffing import Staffing
from models import database
from tests.simulation.variants import instead, takes_over_without_hold

#: Seconds: more than the margin between a node's own end of its lease and the database's.
BELIEF = 6.0


@contextmanager
def _all(*broken: AbstractContextManager[None]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in broken:
            stack.enter_context(one)
        yield


async def _is_fine(*_: Any, **__: Any) -> None:
    """Nobody looks."""


def commits_without_a_fence() -> AbstractContextManager[None]:
    """Whoever has begun something ends it and writes it, whatever happened to the lanes meanwhile."""
    unchanged = database.unchanged
    return _all(
        instead(ledger, "unchanged", lambda table, versions, _: unchanged(table, versions)),
        instead(worker, "assure_node", _is_fine),
        instead(failures, "assure_node", _is_fine),
        instead(holding, "assure_node", _is_fine),
        instead(worker.Worker, "abandon", _is_fine),
    )


def believes_in_its_lease() -> AbstractContextManager[None]:
    """A node believes in its lease for longer than the database does."""
    return instead(Lease, "lasts", lambda self: self.left() > -BELIEF)


def gives_without_rest() -> AbstractContextManager[None]:
    """A node gives lanes away to another one, and goes on with what it has of them."""

    async def give(self: Shares, shards: Collection[int], patience: float) -> set[int]:
        return set(shards)

    return instead(Shares, "give", give)


def takes_over_from_afar() -> AbstractContextManager[None]:
    """Whoever is asked takes over, whichever node works on the lane."""

    async def here(self: Desk, verb: str, conversation_id: int, **arguments: object) -> Any:
        return await self._staffing.run(verb, {"conversation_id": conversation_id, **arguments})

    return _all(instead(Desk, "_on_lane", here), instead(Staffing, "_assure", _is_fine))


def buries_the_living() -> AbstractContextManager[None]:
    """A node that has not renewed for two seconds is taken for dead."""
    bury = roll.bury

    async def hasty(self: Cluster, peers: Collection[Peer]) -> list[Peer]:
        late = [peer for peer in peers if peer.id != self._lease.node and peer.left < self._terms.lease - 2.0]
        for peer in late:
            await bury(peer, certain=True)
        return [peer for peer in peers if peer not in late]

    return instead(Cluster, "_bury", hasty)


def buries_nobody() -> AbstractContextManager[None]:
    """What a dead node had stays with it."""

    async def patient(self: Cluster, peers: Collection[Peer]) -> list[Peer]:
        return [*peers]

    return instead(Cluster, "_bury", patient)


def forgets_nothing() -> AbstractContextManager[None]:
    """A node that was buried goes on with what it has in memory."""

    async def abandon(self: Shares) -> None:
        self._intake.give(range(64))

    return instead(Shares, "abandon", abandon)


def queues_without_a_look() -> AbstractContextManager[None]:
    """What arrives is queued as it is, though another node may have kept older ones of its lane."""

    def arrived(self: Intake, arrivals: Iterable[Waiting]) -> None:
        known = [*arrivals]
        self._lanes.add(one for one in known if shard_of(one.inbound.lane) in self._shards)
        self._told(WorkArrived(tuple({shard_of(one.inbound.lane) for one in known})))

    return instead(Intake, "arrived", arrived)


def leaves_before_it_ends() -> AbstractContextManager[None]:
    """A node that stops hands over first, and ends what is under way afterwards."""
    stop = Runtime.stop

    async def early(self: Runtime) -> None:
        if self._node:
            await roll.leave(self._lease.node)
        await stop(self)

    return instead(Runtime, "stop", early)


def looks_only_at_hints() -> AbstractContextManager[None]:
    """Where a hint is lost, nobody looks."""

    async def run(self: Intake) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._take_in()
            self._looks += 1
            async with self._looked:
                self._looked.notify_all()

    return instead(Intake, "_run", run)


def dies_of_a_refusal() -> AbstractContextManager[None]:
    """The database is away when the lease is lost, and nobody tries again."""

    async def strict(self: Cluster, node: int) -> None:
        await roll.leave(node)

    return instead(Cluster, "_sign_off", strict)


VARIANTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "whole": nullcontext,
    "no-fence": commits_without_a_fence,
    "no-lease-end": believes_in_its_lease,
    "no-rest": gives_without_rest,
    "afar": takes_over_from_afar,
    "no-hold": takes_over_without_hold,
    "buries-the-living": buries_the_living,
    "buries-nobody": buries_nobody,
    "no-abandon": forgets_nothing,
    "no-look": queues_without_a_look,
    "leaves-first": leaves_before_it_ends,
    "hints-only": looks_only_at_hints,
    "dies-of-a-refusal": dies_of_a_refusal,
}
