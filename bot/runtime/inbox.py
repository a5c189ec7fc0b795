"""The durable inbox: `accept` returns after the commit, and the same event from outside is kept once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import BadInput, DatabaseBusy
from bot.core.message import Inbound
from bot.runtime.group import GroupCommit
from models.database import fetch, transaction

#: The platform's ids are short; what is longer is not a real one.
KEY_LIMIT = 191
_CHUNK = 200
_encode = msgspec.json.Encoder().encode
Key = tuple[str, str]
_decoder = msgspec.json.Decoder(Inbound)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An inbound that is kept and not handled yet."""

    id: int
    inbound: Inbound
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An inbound on its way into the table, checked and encoded."""

    key: Key
    inbound: Inbound
    payload: str


class Inbox:
    """Keeps inbounds, and tells `arrived` of each new one once it is on disk."""

    def __init__(self, arrived: Callable[[Sequence[Waiting]], None], *, backlog: Callable[[], int], most: int) -> None:
        self._arrived = arrived
        self._backlog = backlog
        self._most = most
        self._group: GroupCommit[Sequence[Kept], int] = GroupCommit(self._keep)

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """How many were new, once all are committed. Raises `DatabaseBusy` when too much waits: answer 503."""
        if not inbounds:
            return 0
        if self._backlog() >= self._most:
            raise DatabaseBusy("too many messages wait to be handled", after=2.0)
        return await self._group.submit([_kept(inbound) for inbound in inbounds])

    async def keep_within(self, connection: BaseDBAsyncClient, inbounds: Sequence[Inbound]) -> list[Waiting]:
        """Keep inbounds in the caller's transaction; after its commit the caller hands them to `arrived`."""
        kept = [_kept(inbound) for inbound in inbounds]
        ids = await _insert(connection, kept, datetime.now(UTC))
        return [Waiting(ids[one.key], one.inbound) for one in kept if one.key in ids]

    async def close(self) -> None:
        """Commit what is under way."""
        await self._group.close()

    async def _keep(self, groups: Sequence[Sequence[Kept]]) -> list[int]:
        unique: dict[Key, Kept] = {}
        for kept in (one for group in groups for one in group):
            unique.setdefault(kept.key, kept)
        items, now = list(unique.values()), datetime.now(UTC)
        ids: dict[Key, int] = {}
        async with transaction() as connection:
            for start in range(0, len(items), _CHUNK):
                ids |= await _insert(connection, items[start : start + _CHUNK], now)
        self._arrived([Waiting(id_, unique[key].inbound) for key, id_ in sorted(ids.items(), key=lambda item: item[1])])
        return [sum(kept.key in ids for kept in group) for group in groups]


def _kept(inbound: Inbound) -> Kept:
    """Raises `BadInput` for text that is no Unicode; a NUL is dropped, since PostgreSQL has no room for it."""
    if "\x00" in inbound.text or "\x00" in inbound.name:
        inbound = replace(inbound, text=inbound.text.replace("\x00", ""), name=inbound.name.replace("\x00", ""))
    try:
        payload = _encode(inbound).decode()
    except UnicodeEncodeError as error:
        raise BadInput("the text holds half a character (a lone surrogate)") from error
    return Kept((inbound.account, inbound.key[:KEY_LIMIT]), inbound, payload)


async def _insert(connection: BaseDBAsyncClient, items: Sequence[Kept], now: datetime) -> dict[Key, int]:
    """The ids of those that were new: the unique key decides, and nothing is looked up before."""
    rows = await fetch(
        "INSERT INTO inbound (account, key, lane, kind, payload, received_at) VALUES "  # noqa: S608 - only marks
        + ",".join(["(?,?,?,?,?,?)"] * len(items))
        + " ON CONFLICT (account, key) DO NOTHING RETURNING id, account, key",
        [value for kept in items for value in (*kept.key, kept.inbound.lane, kept.inbound.kind, kept.payload, now)],
        connection,
    )
    return {(row["account"], row["key"]): row["id"] for row in rows}


async def unfinished(after: int, limit: int) -> list[Waiting]:
    """What was kept and not handled when the process ended, in order of arrival, from `after` on."""
    rows = await fetch(
        "SELECT id, payload, attempts FROM inbound WHERE state = 'pending' AND id > ? ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [Waiting(row["id"], _decoder.decode(row["payload"].encode()), row["attempts"]) for row in rows]
