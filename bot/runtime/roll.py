"""The roll of the nodes that share a database: who is there, who works on what, and who is buried.

Every decision is one short transaction under the database's own clock, so nodes need not agree about anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.errors import ConfigError, LeaseLost
from bot.core.shard import SHARDS, shard_of
from bot.runtime import place
from models.database import Guard, Overtaken, alive, assure, client, engine, execute, fetch, transaction
from models.engines.engine import SESSION
from models.node import Node

#: Rows that a plain statement added have no shard yet; so many get theirs at once.
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Peer:
    """One row: `left` are the seconds of its lease, below zero once it is over."""

    id: int
    name: str
    roles: frozenset[str]
    session: str
    place: str
    left: float
    knows: int

    def works(self) -> bool:
        """Whether it runs turns and effects."""
        return "worker" in self.roles


async def enter(name: str, roles: Iterable[str], place: str, lease: float) -> int:
    """A new row; its number is larger than that of every node before."""
    [row] = await fetch(f"SELECT {engine().now} AS now")
    node = Node(
        name=name[:100],
        roles=",".join(sorted(roles)),
        session=SESSION,
        place=place[:200],
        until=float(row["now"]) + lease,
        knows=0,
    )
    await node.save()
    await _seed()
    return int(node.id)


async def _seed() -> None:
    found = {int(row["id"]) for row in await fetch("SELECT id FROM shard")}
    missing = [(number,) for number in range(SHARDS) if number not in found]
    if missing:
        async with transaction() as connection:
            await execute(connection, [("INSERT INTO shard (id) VALUES (?) ON CONFLICT (id) DO NOTHING", missing)])


async def renew(node: int, knows: int, lease: float) -> None:
    """Nothing happens when the lease is over: whoever is late begins anew."""
    now = engine().now
    sql = f"UPDATE node SET until = {now} + ?, knows = ? WHERE id = ? AND until > {now}"  # noqa: S608
    async with transaction() as connection:
        await execute(connection, [(sql, [(lease, knows, node)])])


async def peers() -> list[Peer]:
    """Every row, the oldest first."""
    sql = f"SELECT id, name, roles, session, place, until - {engine().now} AS remaining, knows FROM node ORDER BY id"  # noqa: S608
    return [
        Peer(
            int(row["id"]),
            str(row["name"]),
            frozenset(str(row["roles"]).split(",")),
            str(row["session"]),
            str(row["place"]),
            float(row["remaining"]),
            int(row["knows"]),
        )
        for row in await fetch(sql)
    ]


async def check_alone() -> None:
    """Raises `ConfigError` while any node serves this database: for who would work on lanes that others have."""
    if names := [peer.name for peer in await peers() if peer.left > 0 and not place.is_gone(peer.place)]:
        raise ConfigError(f"this database is served by {', '.join(names)}; stop every Parley of it first")


async def shards() -> dict[int, int | None]:
    """The node of each."""
    return {int(row["id"]): row["node_id"] for row in await fetch("SELECT id, node_id FROM shard ORDER BY id")}


async def claim(node: int, most: int) -> list[int]:
    """Take free shards, at most so many. Raises `Overtaken` when this node was buried."""
    async with transaction() as connection:
        await assure(alive(node), connection)
        free = await fetch(
            f"SELECT id FROM shard WHERE node_id IS NULL ORDER BY id LIMIT ?{engine().claim_lock}",  # noqa: S608
            (most,),
            connection,
        )
        taken = [int(row["id"]) for row in free]
        await execute(connection, [("UPDATE shard SET node_id = ? WHERE id = ?", [(node, one) for one in taken])])
    return taken


async def give(node: int, given: Iterable[int]) -> None:
    """Others may take these. Nothing of them may be under way any more."""
    rows = [(number, node) for number in sorted(given)]
    async with transaction() as connection:
        await execute(connection, [("UPDATE shard SET node_id = NULL WHERE id = ? AND node_id = ?", rows)])


async def bury(peer: Peer, *, certain: bool = False, alone: bool = True) -> bool:
    """Free what a node had whose lease is over, or that is dead for `certain`; False when it had been renewed.

    A process that was stopped in the middle of a transaction holds locks: its connections are ended first, if they are
    its `alone`.
    """
    if alone and peer.session != SESSION:
        await engine().end_sessions(client(), peer.session)
    over = "" if certain else f" AND until <= {engine().now}"
    async with transaction() as connection:
        found = await fetch(f"SELECT id FROM node WHERE id = ?{over}{engine().row_lock}", (peer.id,), connection)  # noqa: S608
        if found:
            await _free(connection, peer.id)
    return bool(found)


async def leave(node: int) -> None:
    """Everything was finished or is on disk: others go on at once."""
    async with transaction() as connection:
        await _free(connection, node)


async def _free(connection: Any, node: int) -> None:
    ends = (
        "UPDATE shard SET node_id = NULL WHERE node_id = ?",
        "UPDATE duty SET node_id = NULL WHERE node_id = ?",
        "DELETE FROM node WHERE id = ?",
    )
    await execute(connection, [(sql, [(node,)]) for sql in ends])


async def assure_node(node: int, connection: Any) -> None:
    """This node was not buried, and is not until the transaction ends; 0 is one that nobody buries.

    Raises `LeaseLost`.
    """
    if not node:
        return
    try:
        await assure(alive(node), connection)
    except Overtaken as error:
        raise LeaseLost("another node works on this now") from error


async def assure_shard(number: int, node: int, connection: Any) -> None:
    """The shard is this node's, and stays so until the transaction ends. Raises `Overtaken`."""
    await assure(alive(node), connection)
    sql = f"SELECT id, 0 AS version FROM shard WHERE id = ? AND node_id = ?{engine().row_lock}"  # noqa: S608
    await assure(Guard((sql, [number, node]), frozenset({(number, 0)})), connection)


async def take_duty(name: str, node: int) -> bool:
    """Whether this node does it from here on, or does it already. Raises `Overtaken` when this node was buried."""
    async with transaction() as connection:
        await assure(alive(node), connection)
        await execute(connection, [("INSERT INTO duty (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [(name,)])])
        sql = f"SELECT node_id FROM duty WHERE name = ? AND (node_id IS NULL OR node_id = ?){engine().claim_lock}"  # noqa: S608
        found = await fetch(sql, (name, node), connection)
        if found and found[0]["node_id"] is None:
            await execute(connection, [("UPDATE duty SET node_id = ? WHERE name = ?", [(node, name)])])
    return bool(found)


async def adopt() -> int:
    """Give rows their shard that a plain statement added without one; returns how many."""
    count = 0
    for table in ("inbound", "effect"):
        sql = f"SELECT id, lane FROM {table} WHERE state = 'pending' AND shard = -1 ORDER BY id LIMIT ?"  # noqa: S608
        found = await fetch(sql, (_CHUNK,))
        count += len(found)
        rows: Sequence[tuple[int, int]] = [(shard_of(row["lane"]), row["id"]) for row in found]
        if rows:
            async with transaction() as connection:
                await execute(connection, [(f"UPDATE {table} SET shard = ? WHERE id = ?", rows)])  # noqa: S608
    return count
