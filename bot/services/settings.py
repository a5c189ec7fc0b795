"""Small values that outlive a restart; the signing secret is made at the first start and never shown."""

from __future__ import annotations

import secrets

from models import Setting


async def secret(name: str) -> bytes:
    """The 32 random bytes kept under `secret:<name>`; processes that start at once agree on one."""
    key = f"secret:{name}"
    row = await Setting.get_or_none(name=key)
    if row is None:
        await Setting.bulk_create([Setting(name=key, value=secrets.token_hex(32))], ignore_conflicts=True)
        row = await Setting.get(name=key)
    return bytes.fromhex(row.value)
