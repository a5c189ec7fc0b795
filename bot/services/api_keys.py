"""Keys by which the shop's own site, or another program, may call the API: shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.errors import Refused
from bot.services import audit
from models import ApiKey
from models.database import transaction

#: What a key may be good for.
SCOPES = ("products:read", "orders:read", "orders:write")
#: So that a key which leaked is recognised by those who look for such.
PREFIX = "parley_"
_USED_STEP = timedelta(minutes=1)  # a busy site must not write a row for every call


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key without its secret; `staff_id` is None where the command line made it."""

    id: int
    name: str
    scopes: tuple[str, ...]
    staff_id: int | None
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


async def make(name: str, scopes: Collection[str], now: datetime, *, by: int | None) -> tuple[KeyView, str]:
    """A key, and the secret that is never told again. Raises `Refused`: "bad_name", "bad_scope"."""
    name, wanted = " ".join(name.split()), tuple(scope for scope in SCOPES if scope in scopes)
    if not 0 < len(name) <= 120:
        raise Refused("bad_name")
    if not wanted or len(wanted) < len(set(scopes)):
        raise Refused("bad_scope", known=", ".join(SCOPES))
    token = PREFIX + secrets.token_urlsafe(32)
    async with transaction():
        row = await ApiKey.create(
            name=name, key_hash=_hashed(token), scopes=" ".join(wanted), staff_id=by, created_at=now
        )
        await audit.record(by, "api_key.make", f"api_key:{row.id}", now)
    return _view(row), token


async def revoke(key_id: int, now: datetime, *, by: int | None) -> KeyView:
    """It is good for nothing from now on; said again, nothing changes. Raises `Refused("no_key")`."""
    async with transaction():
        if await ApiKey.filter(id=key_id, revoked_at=None).update(revoked_at=now):
            await audit.record(by, "api_key.revoke", f"api_key:{key_id}", now)
        row = await ApiKey.get_or_none(id=key_id)
    if row is None:
        raise Refused("no_key")
    return _view(row)


async def everything() -> tuple[KeyView, ...]:
    """Every key there ever was, the newest first."""
    return tuple(_view(row) for row in await ApiKey.all().order_by("-id"))


async def find(token: str, now: datetime) -> KeyView | None:
    """The key of this secret, unless it was revoked; notes that it is used."""
    row = await ApiKey.get_or_none(key_hash=_hashed(token), revoked_at=None)
    if row is None:
        return None
    if row.used_at is None or row.used_at <= now - _USED_STEP:
        await ApiKey.filter(id=row.id).update(used_at=now)
    return _view(row)


def _hashed(token: str) -> str:
    """The secret has 256 random bits: a plain hash is as hard to go back from as a slow one."""
    return hashlib.sha256(f"api key {token}".encode()).hexdigest()


def _view(row: ApiKey) -> KeyView:
    scopes = tuple(row.scopes.split())
    return KeyView(row.id, row.name, scopes, row.staff_id, row.created_at, row.used_at, row.revoked_at)
