"""Who of the staff did what, in the same transaction as the doing."""

from __future__ import annotations

from datetime import datetime

from models import Audit


async def record(staff_id: int | None, action: str, subject: str, now: datetime) -> None:
    """`action` such as "review.accept", `subject` such as "review:12"; never a text, a name or a number of a person."""
    await Audit.create(staff_id=staff_id, action=action, object=subject[:120], at=now)
