"""Short texts of channels that all nodes share: access tokens, cursors, and who does what all need done once."""

from __future__ import annotations

import asyncio

from models.database import engine, execute, fetch, transaction

_PUT = (
    "INSERT INTO channel_note (name, text, until) VALUES (?, ?, {now} + ?) "
    "ON CONFLICT (name) DO UPDATE SET text = excluded.text, until = excluded.until"
)
_MAKE = "INSERT INTO channel_note (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
_FREE = "SELECT name FROM channel_note WHERE name = ? AND claimed_until <= {now}"
_CLAIM = "UPDATE channel_note SET claimed_until = {now} + ? WHERE name = ?"
_RELEASE = "UPDATE channel_note SET claimed_until = 0 WHERE name = ?"
_GET = "SELECT text FROM channel_note WHERE name = ? AND (until IS NULL OR until > {now})"


class SharedNotes:
    """The notes of all accounts: a name begins with its account. Every call raises `DatabaseBusy`."""

    def __init__(self) -> None:
        self._mine: dict[str, float] = {}  # until when, by the loop's clock

    async def get(self, name: str) -> str:
        """The note; "" when there is none, or its time is over."""
        rows = await fetch(_GET.format(now=engine().now), (name,))
        return str(rows[0]["text"]) if rows else ""

    async def put(self, name: str, text: str, seconds: float | None = None) -> None:
        """Keep it for so long; None: until it is replaced."""
        async with transaction() as connection:
            await execute(connection, [(_PUT.format(now=engine().now), [(name, text, seconds)])])

    async def claim(self, name: str, seconds: float) -> bool:
        """True for one of all who ask within so many seconds."""
        free, until = _FREE.format(now=engine().now) + engine().claim_lock, asyncio.get_running_loop().time() + seconds
        async with transaction() as connection:
            await execute(connection, [(_MAKE, [(name,)])])
            if not await fetch(free, (name,), connection):
                return False
            await execute(connection, [(_CLAIM.format(now=engine().now), [(seconds, name)])])
        self._mine[name] = until
        return True

    async def release(self, name: str) -> None:
        """Let somebody else claim it at once; a claim whose time is over may be somebody else's already, and stays."""
        if self._mine.pop(name, 0.0) <= asyncio.get_running_loop().time():
            return
        async with transaction() as connection:
            await execute(connection, [(_RELEASE, [(name,)])])
