"""What may not be sent waits for the customer to write, and who writes at that very moment is not overlooked.

A turn looks for what waits before it is committed, and an executor for what lets it send before this is recorded. So,
with the conversation locked, what lets it send is looked for once more; and its version grows, so that a turn which has
looked already is overtaken and looks again.
"""

from __future__ import annotations

from datetime import datetime

from bot.runtime.roll import assure_node
from bot.runtime.writes import NewEffect
from bot.services import openings
from models import locks
from models.database import Statement, finish, transaction

# Cancelled meanwhile, it stays cancelled.
_HELD = "UPDATE effect SET state = 'held' WHERE key = ? AND state = 'pending'"
_CHANGED = "UPDATE conversation SET version = version + 1 WHERE id = ?"


async def hold(effect: NewEffect, seen: int, statements: tuple[Statement, ...], now: datetime, node: int) -> bool:
    """Record it with `statements`; False, and nothing is written, when the customer did something after act `seen`.

    Raises `LeaseLost` where `node` (not 0) was buried, and `DatabaseBusy`.
    """
    conversation_id = effect.conversation_id or 0
    async with transaction() as connection:
        await locks.conversation(conversation_id)
        await assure_node(node, connection)
        if await openings.newest(conversation_id, now) > seen:
            return False
        own: list[Statement] = [(_HELD, [(effect.key,)]), (_CHANGED, [(conversation_id,)])]
        await finish(connection, [*own, *statements])
    return True
