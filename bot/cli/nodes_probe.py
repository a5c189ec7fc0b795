"""Looks at the nodes that share a database: who is there, and what they cannot do together as they are set up."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cli.finding import Finding
from bot.cli.relay_probe import NODES
from bot.core.errors import ParleyError
from bot.core.shard import SHARDS

if TYPE_CHECKING:
    from bot.config import Config


@dataclass(frozen=True, slots=True)
class Member:
    """A node that is alive, and the machine it runs on."""

    machine: str
    roles: frozenset[str]


async def nodes(config: Config) -> AsyncIterator[Finding]:
    """Nothing for SQLite, and while the database cannot say: its own finding says why."""
    if config.database.url.reveal().startswith("sqlite:"):
        return
    try:
        members = await _members(config.database.url.reveal())
    except ParleyError:
        return
    for finding in findings(config, members):
        yield finding


async def _members(url: str) -> list[Member]:
    from bot.runtime import roll
    from models.database import client, close_database, dialect, open_database
    from models.migrate import pending

    await open_database(url, lock=False)
    try:
        peers = [] if await pending(client(), dialect()) else await roll.peers()
    finally:
        await close_database()
    return [Member(peer.name.rpartition(":")[0], peer.roles) for peer in peers if peer.left > 0]


def findings(config: Config, members: Sequence[Member]) -> Iterator[Finding]:
    """What there is to say of these, who are alive now."""
    if not members:
        yield Finding(NODES, "alive", "off", "none runs at the moment")
        return
    machines = {member.machine for member in members}
    yield Finding(NODES, "alive", "ok", f"{len(members)} on {len(machines)} machine(s): {', '.join(sorted(machines))}")
    yield from _missing(members)
    yield from _idle(sum("worker" in member.roles for member in members))
    if len(machines) > 1:
        yield from _apart(config)


def _missing(members: Collection[Member]) -> Iterator[Finding]:
    done = frozenset[str]().union(*(member.roles for member in members))
    costs = {
        "web": "visitors and webhooks reach nobody",
        "worker": "nothing is answered and nothing leaves",
        "scheduler": "reminders, unpaid orders and reports wait",
    }
    for role, cost in costs.items():
        if role not in done:
            cure = f"start a node with --role {role}, or without --role"
            yield Finding(NODES, role, "wrong", f"no node that is alive does it: {cost}", cure)


def _idle(workers: int) -> Iterator[Finding]:
    if not workers:
        return
    share = math.ceil(SHARDS / workers)
    idle = workers - math.ceil(SHARDS / share)
    if idle > 0:
        detail = f"{idle} of {workers} workers have no share: {SHARDS} are dealt, {share} to a node"
        yield Finding(NODES, "shares", "note", detail, "make it 2, 4, 8, 16, 32 or 64 workers; the others web only")


def _apart(config: Config) -> Iterator[Finding]:
    if config.storage.kind == "local":
        detail = f"{config.storage.path} is a folder: what one machine takes, another may not have"
        yield Finding(NODES, "files", "note", detail, 'mount one folder on all of them, or use storage.kind = "s3"')
    if config.payments.local.enabled:
        detail = "the books of the test bank are a file of each machine: its pages know only their own payments"
        yield Finding(NODES, "test bank", "note", detail, "set payments.local.enabled = false")
