"""The files that the database names: into the backup and back, streamed, each checked by its hash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any

from bot.backup.archive import Reader, Writer, unpacked
from bot.backup.manifest import UNKNOWN_TYPE, Files, Manifest, NamedFile
from bot.backup.telling import Tell
from bot.core.errors import BadInput, FileMissing
from bot.core.ports import Storage

FOLDER = "files/"
#: What names files: the first column has its hash in the row.
NAMED = "SELECT storage_key, display_key, thumb_key, media_type, sha256 FROM attachment ORDER BY id"


def named(rows: Iterable[Sequence[Any]]) -> Iterator[NamedFile]:
    """The files of the rows of `NAMED`."""
    for stored, shown, thumb, media_type, sha256 in rows:
        if stored:
            yield NamedFile(stored, media_type or UNKNOWN_TYPE, sha256)
        yield from (NamedFile(key) for key in (shown, thumb) if key and key != stored)


async def keep(writer: Writer, wanted: Sequence[NamedFile], storage: Storage, place: str, tell: Tell) -> Files:
    """Copy them. One that is missing (deleted meanwhile) or damaged is noted, and ends nothing."""
    missing, damaged = [], []
    for number, file in enumerate(wanted, start=1):
        tell(f"file {number}/{len(wanted)}")
        try:
            await storage.size(file.key)
        except FileMissing:
            missing.append(file.key)
            continue
        if not await _keep(writer, file, storage):
            damaged.append(file.key)
    return Files(True, place, wanted, missing, damaged)


async def _keep(writer: Writer, file: NamedFile, storage: Storage) -> bool:
    """Whether its bytes are those that were stored once."""
    name = FOLDER + file.key
    with writer.add(name) as sink:
        async for chunk in storage.open(file.key):
            sink.write(chunk)
    return file.sha256 in ("", writer.entries[name].sha256)


async def bring_back(reader: Reader, storage: Storage, tell: Tell) -> int:
    """Put them into the store; returns how many. Raises `BadInput` for one that is not as it was."""
    wanted = [file for file in reader.manifest.files.named if FOLDER + file.key in reader.manifest.entries]
    for number, file in enumerate(wanted, start=1):
        tell(f"file {number}/{len(wanted)}")
        entry = reader.manifest.entries[FOLDER + file.key]
        stored = await storage.put(
            file.key, _chunks(reader, FOLDER + file.key), media_type=file.media_type, limit=max(entry.size, 1)
        )
        if stored.sha256 != entry.sha256:
            raise BadInput(f"the store keeps other bytes of {file.key} than it was given")
    return len(wanted)


async def _chunks(reader: Reader, name: str) -> AsyncIterator[bytes]:
    for block in unpacked(reader, name):
        yield block


async def absent(manifest: Manifest, storage: Storage, tell: Tell) -> list[str]:
    """The keys that the database names and the store does not have, where the backup left the files in a bucket."""
    missing = []
    for number, file in enumerate(manifest.files.named, start=1):
        tell(f"looking for file {number}/{len(manifest.files.named)}")
        try:
            await storage.size(file.key)
        except FileMissing:
            missing.append(file.key)
    return missing
