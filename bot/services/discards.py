"""Bytes that nobody may open any more: to delete them is an effect before it is done, so none outlive their rows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from bot.core.errors import ParleyError
from bot.core.ports import Storage
from models import Effect

KIND = "discard"


class Payload(msgspec.Struct, frozen=True):
    """A key of the file store."""

    key: str


def effect_key(key: str) -> str:
    """A storage key is never given twice, so neither is this."""
    return f"{KIND}:{key}"[:191]


def payload(key: str) -> str:
    """JSON, for the executor."""
    return msgspec.json.encode(Payload(key)).decode()


async def later(keys: Iterable[str], now: datetime) -> None:
    """Have them deleted once the caller's transaction is committed, by whoever works on effects."""
    for key in keys:
        name = effect_key(key)
        await Effect.create(key=name, kind=KIND, lane=name, payload=payload(key), due_at=now, created_at=now)


async def at_once(keys: Sequence[str], storage: Storage) -> tuple[str, ...]:
    """Delete them without waiting for the effects; returns those that could not be, whose effects stay."""
    left = [key for key in await asyncio.gather(*(_refused(key, storage) for key in keys)) if key]
    gone = [effect_key(key) for key in keys if key not in left]
    if gone:
        await Effect.filter(key__in=gone, state="pending").delete()
    return tuple(left)


async def _refused(key: str, storage: Storage) -> str:
    """The key, when the store does not delete it now."""
    try:
        await storage.delete(key)
    except ParleyError:
        return key
    return ""
