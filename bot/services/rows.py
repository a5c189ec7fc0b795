"""Times in raw rows: text on SQLite, a datetime on PostgreSQL, and aware UTC everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.database import as_time, dialect


def moment(value: Any) -> datetime:
    """A NOT NULL time column of a raw row."""
    at = as_time(value)
    if at is None:
        raise ValueError("this column holds a time in every row")
    return at


def stamp(value: datetime) -> Any:
    """A time as a value for a raw statement, spelled as Tortoise spells it."""
    utc = value.astimezone(UTC)
    return str(utc) if dialect() == "sqlite" else utc
