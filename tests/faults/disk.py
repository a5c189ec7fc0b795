"""A disk that keeps only what was synced: what is left of some folders when the power goes, however bad the luck.

The model is the strict one: a file's bytes last after a sync of the file, and its name after a sync of the folder.
Of what was not synced a disk may keep nothing, or anything, in any order; only names change in their order, as every
file system's journal has it.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import PurePath

#: What a disk writes whole or not at all, bytes.
SECTOR = 512
#: A name's node, if it is a folder's.
FOLDER = 0


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at a place of a file."""

    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file is cut off or filled up with zeros."""

    size: int


Change = Write | Resize
Names = Mapping[str, int | None]
"""By path: what the name stands for from now on; None: nothing. They change together."""
Left = Mapping[str, bytes | None]
"""By path: a file's bytes, or None for a folder."""


class Luck(Enum):
    """What a disk had written of that which nobody made it write."""

    NOTHING = "nothing"
    BEGINNING = "beginning"  # of each file so many changes, the last one torn
    SOME = "some"  # these and not those, so that a later one may be there without an earlier one
    SECTORS = "sectors"  # the same for the sectors of each change


@dataclass(slots=True)
class _File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sync:
    """What was there when somebody asked for it: so many changes of a file, or the names of a folder."""

    node: int
    changes: tuple[Change, ...] = ()
    names: tuple[Names, ...] = ()


class Disk:
    """`left` is what the folders hold at the beginning; all of it is safe."""

    def __init__(self, left: Left) -> None:
        self._nodes = count(FOLDER + 1)
        self._files: dict[int, _File] = {}
        self._safe: dict[str, int] = {
            path: FOLDER if content is None else self._new(content) for path, content in left.items()
        }
        self._now = dict(self._safe)
        self._known = set(self._safe)
        self._pending: list[Names] = []
        self._syncs: dict[int, _Sync] = {}

    def _new(self, content: bytes = b"") -> int:
        node = next(self._nodes)
        self._files[node] = _File(bytearray(content))
        return node

    def has(self, path: str) -> bool:
        """Whether the name is there, for those who look before the power goes."""
        return path in self._now

    def create(self, path: str, *, folder: bool = False) -> None:
        """An empty file or folder."""
        self._rename({path: FOLDER if folder else self._new()})

    def remove(self, path: str) -> None:
        """The name alone."""
        self._rename({path: None})

    def move(self, old: str, new: str) -> None:
        """A file; whoever had the new name has none. Raises ValueError for a folder, whose content would move, too."""
        if self._now[old] == FOLDER:
            raise ValueError(f"the folder {old} moves to {new}, and this disk cannot follow")
        self._rename({old: None, new: self._now[old]})

    def _rename(self, names: Names) -> None:
        self._pending.append(names)
        self._known.update(names)
        _apply(self._now, names)

    def change(self, path: str, change: Change) -> None:
        """Of a file that is there."""
        self._files[self._now[path]].pending.append(change)

    def sync_begins(self, path: str, who: int) -> None:
        """What is there now will be safe at the end."""
        node = self._now.get(path, FOLDER)
        if node == FOLDER:
            names = (one for one in self._pending if any(str(PurePath(name).parent) == path for name in one))
            self._syncs[who] = _Sync(FOLDER, names=tuple(names))
        else:
            self._syncs[who] = _Sync(node, tuple(self._files[node].pending))

    def sync_ends(self, who: int) -> None:
        """What was there at the beginning is safe."""
        sync = self._syncs.pop(who)
        for names in sync.names:
            if any(names is one for one in self._pending):  # else another sync was faster
                self._pending = [one for one in self._pending if one is not names]
                _apply(self._safe, names)
        if sync.changes:
            file, done = self._files[sync.node], {id(change) for change in sync.changes}
            _write(file.safe, (change for change in file.pending if id(change) in done))
            file.pending = [change for change in file.pending if id(change) not in done]

    def unsynced(self) -> int:
        """Bytes that are written and not safe."""
        pending = (change for file in self._files.values() for change in file.pending)
        return sum(len(change.content) for change in pending if isinstance(change, Write))

    def loses_power(self, luck: Luck, chance: random.Random) -> Left:
        """What is found afterwards. The disk itself stays as it is: it may lose its power again elsewhere."""
        names = dict(self._safe)
        kept = 0 if luck is Luck.NOTHING else chance.randint(0, len(self._pending))
        for one in self._pending[:kept]:
            _apply(names, one)
        found = {path: self._content(node, luck, chance) for path, node in sorted(names.items())}
        return {path: content for path, content in found.items() if _is_reached(path, found, self._known)}

    def _content(self, node: int, luck: Luck, chance: random.Random) -> bytes | None:
        if node == FOLDER:
            return None
        file = self._files[node]
        content = bytearray(file.safe)
        _write(content, kept_of(file.pending, luck, chance))
        return bytes(content)


def kept_of(changes: list[Change], luck: Luck, chance: random.Random) -> Iterator[Change]:
    """What a disk had written of these, which nobody made it write."""
    if luck is Luck.BEGINNING:
        number = chance.randint(0, len(changes))
        yield from changes[:number]
        for torn in changes[number : number + 1]:
            sectors = [*_sectors(torn)]
            yield from sectors[: chance.randrange(len(sectors))]
    elif luck is not Luck.NOTHING:
        share = chance.choice((0.1, 0.5, 0.9))
        pieces = (piece for one in changes for piece in (_sectors(one) if luck is Luck.SECTORS else (one,)))
        yield from (piece for piece in pieces if chance.random() < share)


def _sectors(change: Change) -> Iterator[Change]:
    """Cut at the borders of sectors; what is no write is one."""
    if isinstance(change, Resize):
        yield change
        return
    at, end = change.offset, change.offset + len(change.content)
    while at < end:
        border = min(end, (at // SECTOR + 1) * SECTOR)
        yield Write(at, change.content[at - change.offset : border - change.offset])
        at = border


def _write(content: bytearray, changes: Iterable[Change]) -> None:
    for change in changes:
        size = change.size if isinstance(change, Resize) else change.offset
        if len(content) < size:
            content.extend(bytes(size - len(content)))
        if isinstance(change, Resize):
            del content[size:]
        else:
            content[size : size + len(change.content)] = change.content


def _apply(names: dict[str, int], change: Names) -> None:
    for path, node in change.items():
        if node is None:
            names.pop(path, None)
        else:
            names[path] = node


def _is_reached(path: str, found: Left, known: Collection[str]) -> bool:
    """Nobody finds what is in a folder whose own name was lost."""
    return all(str(one) in found for one in PurePath(path).parents if str(one) in known)
