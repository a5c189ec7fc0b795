"""What a backup holds, in one JSON file that is written last: without it there is no backup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bot.core.errors import BadInput

NAME = "manifest.json"
#: Grows when a reader of before would not understand what is written now.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the backup: `size` in bytes, `sha256` in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and the sum of their SHA-256, in hex: the same in any order of the rows."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """A migration that the database has seen, as its row in `schema_version`."""

    number: int
    name: str
    checksum: str
    applied_at: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The database: which engine, in which entry, with which schema and rows."""

    engine: str  # sqlite | postgres | mysql
    entry: str
    migrations: Sequence[Stamp]
    tables: Mapping[str, TableDigest]

    @property
    def schema(self) -> int:
        """The number of the newest migration."""
        return max(stamp.number for stamp in self.migrations)


UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that the database names: its key in the store, and the SHA-256 of its bytes where the database has it."""

    key: str
    media_type: str = UNKNOWN_TYPE
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of customers, staff and the shop: in the backup, or left in `place` when `copied` is false."""

    copied: bool
    place: str
    named: Sequence[NamedFile] = ()
    missing: Sequence[str] = ()  # keys that the database names and the store did not have
    damaged: Sequence[str] = ()  # keys whose bytes are not those that were stored once


@dataclass(frozen=True, slots=True)
class Manifest:
    """The table of contents. `made_at` is the moment of the database's snapshot, aware UTC."""

    version: str
    made_at: datetime
    rows: Rows
    files: Files
    entries: Mapping[str, Entry]
    format: int = field(default=FORMAT)

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries.values())


def encode(manifest: Manifest) -> bytes:
    """As a person can read it."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1)


def decode(text: bytes) -> Manifest:
    """Raises `BadInput` for a manifest of a newer Parley, or for none at all."""
    try:
        if (made := msgspec.json.decode(text, type=_Format).format) > FORMAT:
            raise BadInput(f"the backup has format {made}, and this Parley reads up to {FORMAT}: take a newer one")
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BadInput(f"{NAME} is not the manifest of a backup: {error}") from error


class _Format(msgspec.Struct):
    format: int
