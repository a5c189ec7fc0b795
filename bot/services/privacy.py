"""One person's data: all of it in an export, none of it after an erasure."""

from __future__ import annotations

from datetime import datetime
from typing import Any


async def export(contact_id: int) -> dict[str, Any]:
    """Every row about a contact as JSON-able data by table, and "files": the storage keys of their files."""
    raise NotImplementedError


async def erase(contact_id: int, now: datetime) -> list[str]:
    """Forget a person in every table; returns the storage keys to delete once this is committed."""
    raise NotImplementedError
