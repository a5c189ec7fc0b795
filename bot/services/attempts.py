"""Counts of wrong guesses by subject, locked while they are looked at: of a thousand at once each is counted."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.services.rows import stamp
from models import LoginAttempt, locks
from models.database import client, execute

_MEET = "INSERT INTO login_attempt (subject, failures, updated_at) VALUES (?,?,?) ON CONFLICT (subject) DO NOTHING"


async def locked(subjects: Collection[str], now: datetime) -> list[LoginAttempt]:
    """The rows of these subjects by name, made where there were none; inside the caller's transaction.

    The rows come first and are locked then: who guesses at the same moment waits here, and sees the count.
    """
    await execute(client(), [(_MEET, [(subject, 0, stamp(now)) for subject in sorted(subjects)])])
    return await locks.login_attempts(subjects)
