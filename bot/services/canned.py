"""The team's ready-made replies, a list for each language; whoever changes an older list than there is, is told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bot.core.errors import Refused
from bot.services import audit
from models import Setting

MOST = 200  # replies in a language


@dataclass(frozen=True, slots=True)
class Canned:
    """One reply: what is typed after the slash, and what comes of it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CannedList:
    """The replies of a language; `version` is "" while the team has none of its own."""

    replies: tuple[Canned, ...]
    version: str


async def read(language: str) -> CannedList:
    """What the team has in this language."""
    row = await Setting.get_or_none(name=_key(language))
    return _list(row.value) if row else CannedList((), "")


async def write(language: str, replies: Sequence[Canned], version: str, staff_id: int, now: datetime) -> CannedList:
    """Replace the list that was read as `version`; inside the caller's transaction. Raises `Refused("overtaken")`."""
    key, value = _key(language), msgspec.json.encode(list(replies)).decode()
    known = await Setting.get_or_none(name=key)
    if version != (_version(known.value) if known else ""):
        raise Refused("overtaken")
    if known is None:
        await Setting.bulk_create([Setting(name=key, value=value)], ignore_conflicts=True)
        written = (await Setting.get(name=key)).value == value
    else:
        written = bool(await Setting.filter(name=key, value=known.value).update(value=value))
    if not written:  # a colleague, at the same moment
        raise Refused("overtaken")
    await audit.record(staff_id, "canned.change", f"canned:{language}", now)
    return _list(value)


def _key(language: str) -> str:
    return f"canned:{language}"


def _list(value: str) -> CannedList:
    return CannedList(msgspec.json.decode(value, type=tuple[Canned, ...]), _version(value))


def _version(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]
