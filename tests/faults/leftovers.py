"""What is wrong with the folders that a power cut left: the database as it is found, before any process mends it."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tortoise.exceptions import BaseORMException

from bot.core.errors import ConfigError, DatabaseBusy
from bot.storage.local import LocalStorage
from models.database import fetch
from tests.faults import oracle
from tests.faults.disk import Left

#: Memory that a file stands for. It comes back as anything.
INDEX = "-shm"
UNSOUND, LOST = "databases not sound", "messages lost"
STORED = "SELECT name, storage_key, sha256 FROM attachment WHERE state = 'stored'"


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a customer's."""

    person: int
    text: str


def taken(roots: Collection[Path]) -> Left:
    """Everything below these folders, as it is."""
    found = (path for root in roots for path in sorted(root.rglob("*")) if not path.name.endswith(INDEX))
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def put(left: Left, roots: Mapping[Path, Path], rubbish: bytes = b"") -> None:
    """Make the folders what was left of them, each at its new place; `rubbish` is what the log's index holds."""
    for new in roots.values():
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
    for name, content in sorted(left.items()):  # a folder comes before what is in it
        path = _at(Path(name), roots)
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
            if rubbish and path.name.endswith("-wal"):
                path.with_name(path.name.removesuffix("-wal") + INDEX).write_bytes(rubbish)


def _at(path: Path, roots: Mapping[Path, Path]) -> Path:
    [root] = [root for root in roots if path.is_relative_to(root)]
    return roots[root] / path.relative_to(root)


async def faults(url: str, files: Path, told: Collection[str], said: Mapping[str, Said]) -> Counter[str]:
    """How many of what, by the words for it; `told` are the keys of acknowledged messages, `said` all by key."""
    try:
        async with oracle.database(url):
            return Counter(await _faults(files, told, said))
    except (sqlite3.DatabaseError, BaseORMException, DatabaseBusy, ConfigError):
        return Counter({UNSOUND: 1})


async def _faults(files: Path, told: Collection[str], said: Mapping[str, Said]) -> dict[str, int]:
    sound = await fetch("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    sound = sound and not await fetch("PRAGMA foreign_key_check")
    if not await fetch("SELECT 1 FROM sqlite_master WHERE name = 'inbound'"):
        return {UNSOUND: int(not sound), LOST: len(told)}  # the power went while the tables were made
    states = {row["key"]: row["state"] for row in await fetch("SELECT key, state FROM inbound")}
    kept, answered = await oracle.messages()
    done = [said[key] for key, state in states.items() if state == "done" and key in said]
    texts = [*kept.values(), *answered.values()]
    return {
        UNSOUND: int(not sound),
        LOST: len(set(told) - states.keys()),
        "messages done by half": sum(
            one.text not in kept[one.person] or f"echo {one.text}" not in answered[one.person] for one in done
        ),
        "messages doubled": sum(len(mine) - len(set(mine)) for mine in texts),
        "files stored and not there": sum(
            _hash(content(files, row["storage_key"])) != row["sha256"] for row in await fetch(STORED)
        ),
    }


def content(files: Path, key: str) -> bytes | None:
    """What the store in this folder has under a key."""
    path = LocalStorage(files)._path(key)
    return path.read_bytes() if path.exists() else None


def _hash(found: bytes | None) -> str:
    return "" if found is None else hashlib.sha256(found).hexdigest()
