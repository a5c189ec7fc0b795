"""Short texts of channels that all nodes share: access tokens, cursors, and who does what all need done once."""

from __future__ import annotations

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
        free = _FREE.format(now=engine().now) + engine().claim_lock
        async with transaction() as connection:
            await execute(connection, [(_MAKE, [(name,)])])
            if not await fetch(free, (name,), connection):
                return False
            await execute(connection, [(_CLAIM.format(now=engine().now), [(seconds, name)])])
        return True

    async def release(self, name: str) -> None:
        """Let somebody else claim it at once."""
        async with transaction() as connection:
            await execute(connection, [(_RELEASE, [(name,)])])
