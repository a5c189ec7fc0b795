"""The durable inbox: `accept` returns after the commit, and the same event from outside is kept once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import BadInput, DatabaseBusy
from bot.core.message import Inbound
from bot.runtime.ledger import Kept, Ledger, Waiting, inserts
from models.database import fetch, marks

#: The platform's ids are short; what is longer is not a real one.
KEY_LIMIT = 191
CLIENT_ID_LIMIT = 64
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Inbound)


class Inbox:
    """Keeps inbounds through the ledger, which tells who waits for them."""

    def __init__(self, ledger: Ledger, *, backlog: Callable[[], int], most: int) -> None:
        self._ledger = ledger
        self._backlog = backlog
        self._most = most

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """How many were new, once all are committed. Raises `DatabaseBusy` when too much waits: answer 503."""
        if not inbounds:
            return 0
        if self._backlog() >= self._most:
            raise DatabaseBusy("too many messages wait to be handled", after=2.0)
        return await self._ledger.keep([_kept(inbound) for inbound in inbounds])

    async def keep_within(self, connection: BaseDBAsyncClient, inbounds: Sequence[Inbound]) -> list[Waiting]:
        """Keep inbounds in the caller's transaction; after its commit the caller hands them to the lanes."""
        by_key = {kept.key: kept for kept in map(_kept, inbounds)}
        rows = [row for sql, values in inserts(list(by_key.values())) for row in await fetch(sql, values, connection)]
        return [Waiting(row["id"], by_key[row["account"], row["key"]].inbound) for row in rows]


def _kept(inbound: Inbound) -> Kept:
    """Raises `BadInput` for text that is no Unicode and ids that are none; a NUL in words is dropped.

    PostgreSQL has no room for a NUL, and what it refuses would fail with its neighbours in the commit.
    """
    if "\x00" in inbound.text or "\x00" in inbound.name:
        inbound = replace(inbound, text=inbound.text.replace("\x00", ""), name=inbound.name.replace("\x00", ""))
    ids = (inbound.key, inbound.sender, inbound.data, inbound.client_id, inbound.group, inbound.locale)
    if any("\x00" in id_ for id_ in ids) or len(inbound.sender) > KEY_LIMIT or len(inbound.client_id) > CLIENT_ID_LIMIT:
        raise BadInput(
            f"an id is too long (over {KEY_LIMIT} characters, {CLIENT_ID_LIMIT} for a client id) or has a NUL"
        )
    try:
        payload = _encode(inbound).decode()
    except UnicodeEncodeError as error:
        raise BadInput("the text holds half a character (a lone surrogate)") from error
    return Kept((inbound.account, inbound.key[:KEY_LIMIT]), inbound, payload)


async def unfinished(after: int, limit: int) -> list[Waiting]:
    """What was kept and not handled when the process ended, in order of arrival, from `after` on."""
    rows = await fetch(
        "SELECT id, payload, attempts FROM inbound WHERE state = 'pending' AND id > ? ORDER BY id LIMIT ?",
        (after, limit),
    )
    return [_waiting(row) for row in rows]


async def read_inbounds(ids: Sequence[int]) -> list[Waiting]:
    """Those of these that are still pending, in order of arrival."""
    if not ids:
        return []
    sql = f"SELECT id, payload, attempts FROM inbound WHERE id IN ({marks(len(ids))}) AND state = 'pending' ORDER BY id"  # noqa: S608
    return [_waiting(row) for row in await fetch(sql, ids)]


def _waiting(row: Mapping[str, Any]) -> Waiting:
    return Waiting(row["id"], _decoder.decode(row["payload"].encode()), row["attempts"])
