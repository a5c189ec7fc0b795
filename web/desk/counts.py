"""What waits, as the marks beside the desk's pages count it."""

from __future__ import annotations

from datetime import datetime

from bot.services import conversations, differences
from bot.services.staff import StaffView


async def counts(reader: StaffView, now: datetime) -> dict[str, int]:
    """Conversations that are mine, wait or need attention; for managers, too, differences with providers' books."""
    found = await conversations.counts(reader.id)
    return found | {"books": await differences.waiting(now)} if reader.may("manager") else found
