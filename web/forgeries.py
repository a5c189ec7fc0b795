"""Forged notices leave a row in the audit log: one for each provider and hour, however many come."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.services import audit
from models.database import transaction

#: A flood writes no more often than this.
EVERY = timedelta(hours=1)


class Forgeries:
    """Of one process; `seen` by provider, of which there are as many as the shop has set up."""

    def __init__(self) -> None:
        self._written: dict[str, datetime] = {}
        self._since: dict[str, int] = {}

    async def note(self, provider: str, address: str, now: datetime) -> None:
        """Another one from this network address. The row says how many came since the one before."""
        self._since[provider] = self._since.get(provider, 0) + 1
        last = self._written.get(provider)
        if last is not None and now - last < EVERY:
            return
        self._written[provider] = now  # before anything is awaited: those that come meanwhile write nothing
        count, self._since[provider] = self._since[provider], 0
        async with transaction():
            await audit.record(None, "hook.forged", f"pay:{provider} from {address} ({count})", now)
