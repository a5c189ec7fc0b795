"""What happened, what was answered and what was done outside: all of a process writes here, in few commits.

Whatever has gathered while the last commit ran is the next one, so under load the cost of a sync to disk is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from bot.core.errors import DatabaseBusy, LeaseLost
from bot.core.message import Inbound
from bot.core.shard import shard_of
from bot.runtime.group import MOST_AT_ONCE, GroupCommit
from bot.runtime.lease import Lease, WholeDatabase
from models.database import Overtaken, Query, Statement, commit, engine, unchanged

Key = tuple[str, str]
#: Seconds. What arrives is quick to write, and 400 such commits a second took the server's time from the answers. With
#: this gap those come sooner, at half of the full load within some 45 ms in place of 60, and cost a tenth less.
_GAP = 0.005
#: Inbounds of one INSERT: as many as meet in a commit, since PostgreSQL takes one with a single INSERT in one step.
_CHUNK = MOST_AT_ONCE


class Waiting(msgspec.Struct, frozen=True):
    """An inbound that is kept and not handled yet."""

    id: int
    inbound: Inbound
    attempts: int = 0


class Kept(msgspec.Struct, frozen=True):
    """An inbound on its way into the table, checked and encoded."""

    key: Key
    inbound: Inbound
    payload: str


class Item(msgspec.Struct, frozen=True):
    """Inbounds to keep, rows that record an effect, or what a turn wrote.

    `versions` are those of the conversations that must still be as the turn read them, by id. `node` is the one that
    did the work, and must not have been buried since; 0 for what any node may keep, and where there is but one.
    """

    kept: Sequence[Kept] = ()
    statements: Sequence[Statement] = ()
    versions: Mapping[int, int] = {}
    node: int = 0


class Ledger:
    """The group commit of a process. `arrived` hears of each new inbound once it is on disk.

    `in_doubt` hears of a commit that failed and may have kept some all the same: its answer was lost. `known` hears of
    one in which something had been kept before, perhaps by a node of which nobody heard.
    """

    def __init__(
        self,
        arrived: Callable[[Sequence[Waiting]], None],
        lease: Lease | None = None,
        *,
        in_doubt: Callable[[], None] = lambda: None,
        known: Callable[[], None] = lambda: None,
    ) -> None:
        self._arrived = arrived
        self._in_doubt = in_doubt
        self._known = known
        self._lease = lease or WholeDatabase()
        self._group: GroupCommit[Item, int] = GroupCommit(self._flush)
        # Where commits may run side by side, what arrives does not wait for what was answered. It has one commit after
        # the other, since ids tell the order of a lane.
        self._kept = GroupCommit(self._flush, gap=_GAP) if engine().is_shared else self._group

    async def keep(self, kept: Sequence[Kept]) -> int:
        """How many were new, once all are committed."""
        return await self._kept.submit(Item(kept))

    async def record(self, statements: Sequence[Statement]) -> None:
        """Returns once the statements are committed. Raises `LeaseLost` when this work is another node's by now."""
        await self._group.submit(Item(statements=statements, node=self._lease.node))

    async def write(self, statements: Sequence[Statement], conversation_id: int, version: int) -> None:
        """The same for a turn. Raises `Overtaken` when the conversation was changed after the turn read it."""
        item = Item(statements=statements, versions={conversation_id: version}, node=self._lease.node)
        await self._group.submit(item)

    async def close(self) -> None:
        """Commit what is under way."""
        await self._kept.close()
        await self._group.close()

    async def _flush(self, items: Sequence[Item]) -> list[int | Exception]:
        # A process that was buried comes back under another number: what it began before is told by its own.
        node = max((item.node for item in items), default=0)
        try:
            if any(0 < item.node < node for item in items):
                raise Overtaken(frozenset(-item.node for item in items if item.node < node))
            return [*await self._commit(items, node)]
        except Overtaken as error:
            late = [self._late(item, error) for item in items]
            rest = [item for item, why in zip(items, late, strict=True) if why is None]
            results = iter(await self._flush(rest) if rest else ())
            return [next(results) if why is None else why for why in late]

    def _late(self, item: Item, error: Overtaken) -> Exception | None:
        if item.node and -item.node in error.ids:
            if item.node == self._lease.node:
                self._lease.doubt()
            return LeaseLost("another node works on this now")
        return None if error.ids.isdisjoint(item.versions) else error

    async def _commit(self, items: Sequence[Item], node: int) -> list[int]:
        unique: dict[Key, Kept] = {}
        for kept in (one for item in items for one in item.kept):
            unique.setdefault(kept.key, kept)
        versions = {id_: version for item in items for id_, version in item.versions.items()}
        guard = unchanged("conversation", versions, node)
        try:
            ids = _ids(await commit(inserts(list(unique.values())), _merged(items), guard))
        except DatabaseBusy:
            if unique:
                self._in_doubt()
            raise
        if len(ids) < len(unique):
            self._known()  # before it is acknowledged: what is sent after that must not overtake it
        if ids:
            arrivals = sorted(ids.items(), key=lambda one: one[1])
            self._arrived([Waiting(id_, unique[key].inbound) for key, id_ in arrivals])
        # The first submitter of a key has the new one; whoever brought it again in this very commit has none.
        return [sum(ids.pop(kept.key, None) is not None for kept in item.kept) for item in items]


def inserts(kept: Sequence[Kept]) -> list[Query]:
    """INSERTs that return the ids of those that were new: the unique key decides, nothing is looked up before."""
    now = datetime.now(UTC)
    return [_insert(kept[start : start + _CHUNK], now) for start in range(0, len(kept), _CHUNK)]


def _insert(kept: Sequence[Kept], now: datetime) -> Query:
    sql = (
        "INSERT INTO inbound (account, key, lane, shard, kind, payload, received_at) VALUES "  # noqa: S608 - marks
        + ",".join(["(?,?,?,?,?,?,?)"] * len(kept))
        + " ON CONFLICT (account, key) DO NOTHING RETURNING id, account, key"
    )
    return sql, [value for one in kept for value in _values(one, now)]


def _values(one: Kept, now: datetime) -> tuple[object, ...]:
    lane = one.inbound.lane
    return *one.key, lane, shard_of(lane), one.inbound.kind, one.payload, now


def _ids(found: Sequence[Sequence[dict[str, object]]]) -> dict[Key, int]:
    return {(str(row["account"]), str(row["key"])): int(str(row["id"])) for rows in found for row in rows}


def _merged(items: Sequence[Item]) -> list[Statement]:
    """Statements of one text together, in the order of their first appearance."""
    merged: dict[str, list[Sequence[object]]] = {}
    for item in items:
        for sql, rows in item.statements:
            merged.setdefault(sql, []).extend(rows)
    return list(merged.items())
