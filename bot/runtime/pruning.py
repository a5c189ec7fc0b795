"""What nobody asks for any more is deleted: settled rows of the two queues, and uploads whose message never came."""

from __future__ import annotations

from datetime import datetime

from bot.services import attachments, discards
from models.database import as_time, execute, fetch, transaction

#: Of the two queues, of what acts allow and of what shops tell: when a row was made, and which rows are settled.
_QUEUES = (
    ("effect", "created_at", "state IN ('done', 'cancelled')"),
    ("inbound", "received_at", "state = 'done'"),
    ("message_piece", "at", "seq >= 0"),  # the message has what came of them, and platforms tell it sooner
    ("webhook_event", "at", "id > 0"),  # with their deliveries: who took none for so long is told no more
    ("opening", "at", "used >= 0"),  # no platform lets anybody answer for longer than these are kept
    ("store_hint", "at", "done_at IS NOT NULL"),  # no shop tells it once more after so long
)
#: Rows in one step.
_STEP = 5_000


async def prune(older_than: datetime) -> None:
    """Delete settled rows, the oldest first, in steps that nobody has to wait for."""
    for table, column, settled in _QUEUES:
        oldest = f"SELECT id, {column} AS at FROM {table} WHERE id >= ? ORDER BY id LIMIT 1"  # noqa: S608 - ours
        delete = f"DELETE FROM {table} WHERE id BETWEEN ? AND ? AND {settled} AND {column} < ?"  # noqa: S608 - ours
        after = 0
        while rows := await fetch(oldest, (after,)):
            first, at = rows[0]["id"], as_time(rows[0]["at"])
            if at is None or at >= older_than:
                break
            after = first + _STEP
            async with transaction() as connection:
                await execute(connection, [(delete, [(first, after - 1, older_than)])])


async def purge_uploads(older_than: datetime, now: datetime) -> int:
    """Forget uploads whose message never came; their bytes are deleted by effects. How many of those there are."""
    async with transaction():
        keys = await attachments.forsaken(older_than)
        await discards.later(keys, now)
    return len(keys)
