"""Tokens of shops in which our app was installed: kept as the database's other secrets are, and shown to nobody."""

from __future__ import annotations

import json
from datetime import datetime

from bot.core.installing import Grant
from bot.services import audit
from models import Setting
from models.database import transaction


def _name(store: str) -> str:
    return f"secret:store:{store}"


async def keep(store: str, grant: Grant, staff_id: int, now: datetime) -> None:
    """From now on this one."""
    value = json.dumps({"token": grant.token, "scopes": list(grant.scopes), "at": now.isoformat()})
    async with transaction():
        await Setting.filter(name=_name(store)).delete()
        await Setting.create(name=_name(store), value=value)
        await audit.record(staff_id, "store.install", f"store:{store}", now)


async def token(store: str) -> str:
    """The shop's; "" where it was not installed, or is not any more."""
    row = await Setting.get_or_none(name=_name(store))
    return str(json.loads(row.value)["token"]) if row else ""


async def since(store: str) -> str:
    """When it was installed last, to compare; "" where it is not."""
    row = await Setting.get_or_none(name=_name(store))
    return str(json.loads(row.value)["at"]) if row else ""


async def gone(store: str, at: datetime | None, now: datetime) -> bool:
    """It was uninstalled `at` that time (None: just now); False where it was installed since, or is not."""
    async with transaction():
        row = await Setting.get_or_none(name=_name(store))
        if row is None or (at is not None and at < datetime.fromisoformat(json.loads(row.value)["at"])):
            return False
        await row.delete()
        await audit.record(None, "store.uninstall", f"store:{store}", now)
    return True
