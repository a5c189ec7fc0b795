"""The effects that wait in the table, oldest first, as the runner works on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from bot.runtime.writes import NewEffect
from models.database import as_time, fetch, marks

_PENDING = (
    "SELECT key, kind, lane, payload, conversation_id, message_seq, author, epoch, attempts, due_at FROM effect "
    "WHERE state = 'pending'{mine}{besides} ORDER BY id LIMIT ?"
)
_OF_ACCOUNT = "SELECT id FROM effect WHERE state = 'pending' AND kind = 'send' AND substr(lane, 1, ?) = ? LIMIT ?"
_BESIDES = " AND lane <> ? AND substr(lane, 1, ?) <> ?"


async def pending(
    shards: Sequence[int] | None, besides: Sequence[str], most: int
) -> list[tuple[NewEffect, datetime | None]]:
    """Up to `most`, each with the moment before which it must not be tried.

    Only those of these `shards` (None: all), and none of the accounts in `besides`.
    """
    if shards is not None and not shards:
        return []
    mine = "" if shards is None else f" AND shard IN ({marks(len(shards))})"
    others = [value for account in besides for value in (account, len(account) + 1, f"{account}:")]
    sql = _PENDING.format(mine=mine, besides=_BESIDES * len(besides))
    found = []
    for row in await fetch(sql, (*(shards or ()), *others, most)):
        due = as_time(row.pop("due_at"))
        found.append((NewEffect(**row), due))
    return found


async def crowded(accounts: Iterable[str], most: int) -> list[str]:
    """Those of these accounts with so many messages that are on their way, or more."""
    found = []
    for account in accounts:
        lane = f"{account}:"
        if len(await fetch(_OF_ACCOUNT, (len(lane), lane, most))) >= most:
            found.append(account)
    return found


async def not_erased(keys: Collection[str]) -> set[str]:
    """Those of these keys whose effects the table still has."""
    if not keys:
        return set()
    sql = f"SELECT key FROM effect WHERE key IN ({marks(len(keys))})"  # noqa: S608 - marks only
    return {row["key"] for row in await fetch(sql, [*keys])}
