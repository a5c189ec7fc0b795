"""Files in a folder: whole and synced to disk, or not there at all."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from bot.core.errors import FileMissing, StorageUnavailable
from bot.core.ports import StoredFile
from bot.storage.intake import Intake, to_the_end
from bot.storage.keys import check_key

BLOCK = 256 * 1024
LOW_SPACE = 64 * 1024 * 1024
_ABANDONED = 24 * 3600.0  # seconds after which nobody can still be writing a draft
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}

P = ParamSpec("P")
T = TypeVar("T")


class LocalStorage:
    """Keeps files under `root`, sharded into 65,536 folders; several processes may share it.

    With less than `low_space` bytes free on its disk the check fails, before a put has to.
    """

    name = "local"

    def __init__(self, root: Path, *, low_space: int = LOW_SPACE) -> None:
        self._root = root
        self._low_space = low_space
        self._drafts = root / "drafts"
        self._prepared = False

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, media_type: str, limit: int) -> StoredFile:
        """Write a draft, sync it, and move it to its place in one step; see `Storage.put`."""
        path = self._path(key)
        await self._prepare()
        intake = Intake(key, media_type, limit)
        draft = _Draft(self._drafts)
        try:
            async with aclosing(intake.blocks(chunks, BLOCK)) as blocks:
                async for block, _ in blocks:
                    await self._run(draft.write, block)
            await self._run(draft.keep, path, self._root)
        except BaseException:
            with suppress(StorageUnavailable):  # the first error is the one to tell
                await self._run(draft.discard)
            raise
        return intake.stored()

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See `Storage.open`. Holds no open file between blocks, however slow the reader is."""
        path = self._path(key)
        at, stop = start, await self.size(key)
        stop = stop if end is None else min(stop, end)
        while at < stop:
            block = await self._run(_or_missing, key, _read, path, at, min(BLOCK, stop - at))
            if not block:
                raise StorageUnavailable(f"{key} is shorter than it was a moment ago")
            at += len(block)
            yield block

    async def size(self, key: str) -> int:
        """See `Storage.size`."""
        return (await self._run(_or_missing, key, self._path(key).stat)).st_size

    async def delete(self, key: str) -> None:
        """Remove the file, durably; see `Storage.delete`."""
        await self._run(_remove, self._path(key))

    async def check(self) -> None:
        """Write, read back and remove a few bytes, and look at the free space; see `Storage.check`."""
        await self._prepare()
        await self._run(_probe, self._drafts)
        if (await self._run(shutil.disk_usage, self._root)).free < self._low_space:
            raise StorageUnavailable(f"the disk of {self._root} is almost full: make room on it")

    async def close(self) -> None:
        """Nothing stays open."""

    def _path(self, key: str) -> Path:
        shard = hashlib.sha256(check_key(key).encode()).hexdigest()
        # "+" is in no key, so two keys never share a name, and a key never is another one's folder.
        return self._root / shard[:2] / shard[2:4] / key.replace("/", "+")

    async def _prepare(self) -> None:
        if not self._prepared:
            await self._run(_prepare, self._drafts)
            self._prepared = True

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await to_the_end(asyncio.to_thread(work, *args, **kwargs))
        except OSError as error:
            raise StorageUnavailable(explain(error, self._root)) from error


def explain(error: OSError, root: Path) -> str:
    """A sentence that says what a person can do about a disk that refuses."""
    if error.errno in _FULL:
        return f"the disk of {root} is full: make room on it"
    if error.errno in _FORBIDDEN:
        return f"this user may not write to {root}: change the folder's owner or `storage.path`"
    return f"the folder {root} cannot be used: {error.strerror or error}"


class _Draft:
    """A file that nobody can see yet. Its methods block and are called one after the other."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / secrets.token_hex(16)
        self._file: BinaryIO | None = None

    def write(self, block: bytes) -> None:
        self._opened().write(block)

    def keep(self, path: Path, root: Path) -> None:
        with self._opened() as file:
            file.flush()
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(path)
        # Every level, every time: another process may have made a folder and not have synced it yet.
        for folder in (path.parent, path.parent.parent, root):
            _sync(folder)

    def discard(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # a full disk refuses the last flush, too
                self._file.close()
            self._path.unlink(missing_ok=True)

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = open(self._path, "xb", opener=_private)  # noqa: SIM115 - closed by keep or discard
        return self._file


def _or_missing(key: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return work(*args, **kwargs)
    except FileNotFoundError as error:
        raise FileMissing(key) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path, at: int, count: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        file.seek(at)
        return file.read(count)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    _sync(path.parent)


def _probe(folder: Path) -> None:
    draft = _Draft(folder)
    try:
        draft.write(b"parley")
    finally:
        draft.discard()


def _prepare(drafts: Path) -> None:
    """Make the folders, and clear drafts of processes that died while writing."""
    for folder in (drafts.parent, drafts):  # one by one: `mode` is not for parents
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(PermissionError):  # what we may not even read was made by somebody else, long ago
            _sync(folder.parent)
    for draft in drafts.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - draft.stat().st_mtime > _ABANDONED:
                draft.unlink()
