"""The lake's table of contents: a file belongs to the lake once this names it, and it changes whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

#: Grows when columns or their meaning change; a lake of another version is made anew.
VERSION = 2
#: Rows of a table whose id lies in one range of this size share a file.
BLOCK = 2**18
#: How long a file that is no longer named stays, for a reader that opened the table of contents before.
KEEP_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Block:
    """One file. `first` and `last` are the range of the table's time, ISO 8601 UTC; empty when no row has one."""

    file: str
    rows: int
    first: str = ""
    last: str = ""

    def meets(self, since: datetime, until: datetime) -> bool:
        """Whether a row with a time in `[since, until)` can be in here."""
        return (
            bool(self.first)
            and datetime.fromisoformat(self.first) < until
            and (datetime.fromisoformat(self.last) >= since)
        )


@dataclass(frozen=True, slots=True)
class Part:
    """What the lake has of one table: all ids up to `max_id`, all changes up to `changed_to` (ISO 8601 UTC)."""

    blocks: dict[int, Block] = field(default_factory=dict)
    max_id: int = 0
    changed_to: str = ""

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks.values())


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts by table name."""

    parts: dict[str, Part] = field(default_factory=dict)

    def part(self, table: str) -> Part:
        return self.parts.get(table, Part())

    def with_parts(self, parts: dict[str, Part]) -> Manifest:
        return replace(self, parts={**self.parts, **parts})


def read(lake: Path) -> Manifest:
    """The lake's table of contents; an empty one for a new lake, or for one of another version."""
    try:
        data = json.loads((lake / "manifest.json").read_text())
    except FileNotFoundError:
        return Manifest()
    if data["version"] != VERSION:
        return Manifest()
    return Manifest({name: _part(part) for name, part in data["parts"].items()})


def _part(data: dict[str, Any]) -> Part:
    blocks = {int(number): Block(**block) for number, block in data["blocks"].items()}
    return Part(blocks, data["max_id"], data["changed_to"])


def publish(lake: Path, manifest: Manifest) -> None:
    """Make this the lake's contents, durably, in one step; then sweep files that nobody names any more."""
    data = {"version": VERSION, "parts": {name: asdict(part) for name, part in manifest.parts.items()}}
    write_durably(lake / "manifest.json", json.dumps(data, indent=1).encode())
    _sweep(lake, {block.file for part in manifest.parts.values() for block in part.blocks.values()})


def write_durably(path: Path, content: bytes) -> None:
    """Whole or not at all, through power cuts too."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Put the names of a folder on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(lake: Path, named: set[str]) -> None:
    old = time.time() - KEEP_SECONDS
    for path in lake.glob("*/*"):
        name = str(path.relative_to(lake))
        if name not in named and not name.startswith("empty/") and path.stat().st_mtime < old:
            path.unlink(missing_ok=True)


@contextmanager
def locked(lake: Path) -> Iterator[None]:
    """One writer at a time, among all processes; ends with the process."""
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
