"""A backup on disk, as one zip file or as a folder: there whole, with the hash of every part, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from bot.backup import manifest as manifests
from bot.backup.manifest import Entry, Manifest
from bot.backup.telling import Tell, share
from bot.core.errors import BadInput

BLOCK = 1024 * 1024
#: Pictures and Parquet do not get smaller; rows do, and the fastest way takes most of it.
SQUEEZED = (".sqlite", ".json")


class Sink:
    """Counts and hashes what is written through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, block: bytes) -> None:
        """Write it all."""
        self._file.write(block)
        self._hash.update(block)
        self._size += len(block)

    def entry(self) -> Entry:
        """What was written so far."""
        return Entry(self._size, self._hash.hexdigest())


class Writer:
    """A backup that is being made; `entries` is what is in it. The draft beside `target` is nobody's until `finish`."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.entries: dict[str, Entry] = {}
        self._draft = target.with_name(f"{target.name}.part")

    @contextmanager
    def add(self, name: str) -> Iterator[Sink]:
        """A new part under this name; a part that fails is not in `entries`."""
        with self._open(name) as file:
            sink = Sink(file)
            yield sink
        self.entries[name] = sink.entry()

    def copy(self, name: str, source: Path) -> None:
        """A file as a part."""
        with source.open("rb") as file, self.add(name) as sink:
            while block := file.read(BLOCK):
                sink.write(block)

    def finish(self, manifest: Manifest) -> None:
        """The manifest, then the backup's own name: from here on it is there."""
        with self._open(manifests.NAME) as file:
            file.write(manifests.encode(manifest))
        self._close()
        self._draft.replace(self.target)
        sync(self.target.parent)

    def discard(self) -> None:
        """Leave nothing behind."""
        raise NotImplementedError

    def _open(self, name: str) -> IO[bytes]:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError


class ZipWriter(Writer):
    """One file."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        self._draft.touch(mode=0o600)
        self._zip = zipfile.ZipFile(self._draft, "w")

    def discard(self) -> None:
        with suppress(OSError, ValueError):  # a full disk, or an entry that is still open
            self._zip.close()
        self._draft.unlink(missing_ok=True)

    def _open(self, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name, time.gmtime()[:6])
        info.external_attr = 0o600 << 16
        if name.endswith(SQUEEZED):
            info.compress_type = zipfile.ZIP_DEFLATED
            info._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001 - public from Python 3.13 on
        return self._zip.open(info, "w", force_zip64=True)

    def _close(self) -> None:
        self._zip.close()
        sync(self._draft)


class FolderWriter(Writer):
    """A folder with every part as a file of its own, for tools that copy only what is new."""

    def __init__(self, target: Path) -> None:
        super().__init__(target)
        shutil.rmtree(self._draft, ignore_errors=True)
        self._draft.mkdir(mode=0o700)

    def discard(self) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)

    def _open(self, name: str) -> IO[bytes]:
        path = self._draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "xb", opener=private)

    def _close(self) -> None:
        for folder, _, names in os.walk(self._draft):
            for name in names:
                sync(Path(folder, name))
            sync(Path(folder))


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """A new backup at `target`: a zip file when it is named so, else a folder. Raises `BadInput` when it is there."""
    if target.exists():
        raise BadInput(f"{target} exists already; name another one, for a backup never writes over anything")
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = ZipWriter(target) if target.suffix == ".zip" else FolderWriter(target)
    try:
        yield writer
    except BaseException:
        writer.discard()
        raise


class Reader(Protocol):
    """A backup that is there."""

    manifest: Manifest

    def open(self, name: str) -> IO[bytes]:
        """One part."""

    def close(self) -> None:
        """After the last part."""


class ZipReader:
    """See `Reader`."""

    def __init__(self, source: Path) -> None:
        self._zip = zipfile.ZipFile(source)
        with self.open(manifests.NAME) as file:
            self.manifest = manifests.decode(file.read())

    def open(self, name: str) -> IO[bytes]:
        """See `Reader`."""
        return self._zip.open(name)

    def close(self) -> None:
        """See `Reader`."""
        self._zip.close()


class FolderReader:
    """See `Reader`."""

    def __init__(self, source: Path) -> None:
        self._root = source
        with self.open(manifests.NAME) as file:
            self.manifest = manifests.decode(file.read())

    def open(self, name: str) -> IO[bytes]:
        """See `Reader`."""
        return (self._root / name).open("rb")

    def close(self) -> None:
        """See `Reader`."""


@contextmanager
def reading(source: Path) -> Iterator[Reader]:
    """The backup at `source`. Raises `BadInput` for what is none, or is not whole."""
    try:
        reader: Reader = FolderReader(source) if source.is_dir() else ZipReader(source)
    except FileNotFoundError as error:
        missing = f"has no {manifests.NAME}: that backup was never finished" if source.exists() else "is not there"
        raise BadInput(f"{source} {missing}") from error
    except (zipfile.BadZipFile, KeyError) as error:
        raise BadInput(f"{source} is not a backup, or only a part of one: {error}") from error
    try:
        for name in reader.manifest.entries:
            _check_name(name)
        yield reader
    finally:
        reader.close()


def unpacked(reader: Reader, name: str) -> Iterator[bytes]:
    """The bytes of a part. Raises `BadInput` at its end, or before, when they are not what the manifest says."""
    wanted, found, size = reader.manifest.entries[name], hashlib.sha256(), 0
    try:
        with reader.open(name) as file:
            while block := file.read(BLOCK):
                found.update(block)
                size += len(block)
                yield block
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise BadInput(f"the backup is damaged: {name} cannot be read ({error}); take another one") from error
    if Entry(size, found.hexdigest()) != wanted:
        raise BadInput(f"the backup is damaged: {name} is not what was written then; take another one")


def check(reader: Reader, tell: Tell) -> None:
    """Read every part. Raises `BadInput` at the first that is not what the manifest says."""
    done = 0
    for name in reader.manifest.entries:
        for block in unpacked(reader, name):
            done += len(block)
            tell(share("checking the backup", done, reader.manifest.size))


def _check_name(name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise BadInput(f"the backup names a part {name[:60]!r} outside of itself")


def private(path: str, flags: int) -> int:
    """For `open`: a file that only its owner reads."""
    return os.open(path, flags, 0o600)


def sync(path: Path) -> None:
    """Put a file, or the names of a folder, on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
