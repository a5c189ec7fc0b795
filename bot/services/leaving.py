"""Words that nobody waits for are asked about once more before they leave: wanted still, not moot, and not at night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.message import About
from bot.core.quiet import QuietHours
from bot.services import broadcasts, order_news, reach, stock_alerts
from models.database import as_time, fetch


@dataclass(frozen=True, slots=True)
class Leave:
    """What becomes of words that nobody waits for, at the moment when they would leave."""

    how: Literal["now", "never", "morning"]
    why: str = ""  # "unwanted", "moot", "overtaken" or "stopped", for never
    at: datetime | None = None  # for morning


_ANSWERED = "SELECT 1 FROM message WHERE conversation_id = ? AND seq > ? AND author = 'customer' LIMIT 1"
_SAID = "SELECT at, client_id FROM message WHERE conversation_id = ? AND seq = ?"


async def leave(conversation_id: int, seq: int, about: About, quiet: QuietHours, now: datetime) -> Leave:
    """Asked once more before each leaves: people change their minds, and the night falls, while something waits.

    A reminder goes on with a talk, and is moot once the customer wrote after it was said, at whichever of their
    addresses; not so what they asked to be told. A step of an order is overtaken by the next one.
    """
    here = await reach.address(conversation_id)
    if here is None or not here.consents.allow(about):
        return Leave("never", "unwanted")
    if about == "reminders" and await _is_answered(conversation_id, seq):
        return Leave("never", "moot")
    if about == "orders" and await order_news.is_overtaken(conversation_id, seq):
        return Leave("never", "overtaken")
    if about == "news" and await broadcasts.is_stopped(conversation_id, seq):
        return Leave("never", "stopped")
    at = quiet.until(now, here.zone)
    return Leave("morning", at=at) if at else Leave("now")


async def _is_answered(conversation_id: int, seq: int) -> bool:
    said = await fetch(_SAID, (conversation_id, seq))
    if said and stock_alerts.is_named(said[0]["client_id"] or ""):
        return False
    if await fetch(_ANSWERED, (conversation_id, seq)):
        return True
    since = as_time(said[0]["at"]) if said else None
    there = await reach.addresses(conversation_id) if since else []
    return any(one.used_at is not None and since is not None and one.used_at > since for one in there)
