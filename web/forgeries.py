"""Forged notices leave a row in the audit log: one for each sender and hour, however many come."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.services import audit
from models.database import transaction

#: A flood writes no more often than this.
EVERY = timedelta(hours=1)


class Forgeries:
    """Of one process; a sender is like "pay:stripe", and there are as many as the shop has set up."""

    def __init__(self) -> None:
        self._written: dict[str, datetime] = {}
        self._since: dict[str, int] = {}

    async def note(self, sender: str, address: str, now: datetime) -> None:
        """Another one from this network address. The row says how many came since the one before."""
        self._since[sender] = self._since.get(sender, 0) + 1
        last = self._written.get(sender)
        if last is not None and now - last < EVERY:
            return
        self._written[sender] = now  # before anything is awaited: those that come meanwhile write nothing
        count, self._since[sender] = self._since[sender], 0
        async with transaction():
            await audit.record(None, "hook.forged", f"{sender} from {address} ({count})", now)
