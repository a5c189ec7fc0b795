"""What nobody asks for any more is deleted: settled rows of the two queues, and uploads whose message never came."""

from __future__ import annotations

from datetime import datetime

from bot.core.ports import Storage
from bot.services import attachments
from models.database import execute, transaction

_PRUNE = (
    "DELETE FROM effect WHERE state IN ('done', 'cancelled') AND created_at < ?",
    "DELETE FROM inbound WHERE state = 'done' AND received_at < ?",
)


async def prune(older_than: datetime) -> None:
    """Delete settled rows of the two queues."""
    async with transaction() as connection:
        await execute(connection, [(sql, [(older_than,)]) for sql in _PRUNE])


async def purge_uploads(storage: Storage, older_than: datetime) -> int:
    """Delete uploads whose message never came: the rows first, since a row must never point at nothing."""
    async with transaction():
        keys = await attachments.forsaken(older_than)
    for key in keys:
        await storage.delete(key)
    return len(keys)
