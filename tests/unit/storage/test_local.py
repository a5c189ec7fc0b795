"""What a folder promises beyond the contract: privacy, full disks, drafts of the dead."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.errors import FileMissing, StorageUnavailable
from bot.storage.local import LocalStorage, explain

MB = 1024 * 1024
KEY = "image/2026/11/abc.jpg"


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def files(root: Path) -> list[Path]:
    return [path.relative_to(root) for path in root.rglob("*") if path.is_file()]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow past `size`, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_file_is_private_and_sharded(tmp_path: Path) -> None:
    root = tmp_path / "files"
    await LocalStorage(root).put(KEY, stream(b"tea"), media_type="text/plain", limit=9)
    assert files(root) == [Path("03/8c/image+2026+11+abc.jpg")]
    assert (root / files(root)[0]).stat().st_mode & 0o777 == 0o600
    assert root.stat().st_mode & 0o077 == 0


@pytest.fixture
def disk_calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Every sync, move and removal below `tmp_path`, in order: what a power cut would tell apart."""
    calls: list[str] = []
    sync, move, remove = os.fsync, os.replace, os.unlink

    def place(path: str | Path) -> str:
        inside = Path(path).relative_to(tmp_path)
        return "draft" if inside.parent.name == "drafts" else str(inside)

    def fsync(handle: int) -> None:
        calls.append(f"sync {place(Path(f'/proc/self/fd/{handle}').readlink())}")
        sync(handle)

    def replace(source: Path, target: Path) -> None:
        calls.append(f"move {place(source)} to {place(target)}")
        move(source, target)

    def unlink(path: Path) -> None:
        remove(path)
        calls.append(f"remove {place(path)}")

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "unlink", unlink)
    return calls


async def test_a_file_is_on_the_disk_before_it_is_acknowledged(tmp_path: Path, disk_calls: list[str]) -> None:
    storage = LocalStorage(tmp_path / "files")
    await storage.put(KEY, stream(b"tea"), media_type="text/plain", limit=9)
    file = "files/03/8c/image+2026+11+abc.jpg"
    assert disk_calls[:2] == ["sync .", "sync files"]  # the names of the folders, which were not there
    assert disk_calls[2:] == ["sync draft", f"move draft to {file}", "sync files/03/8c", "sync files/03", "sync files"]
    disk_calls.clear()
    await storage.delete(KEY)
    await storage.delete(KEY)
    assert disk_calls == [f"remove {file}", "sync files/03/8c"]


async def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "files")
    with largest_file(MB), pytest.raises(StorageUnavailable, match=r"is full: make room") as caught:
        await storage.put(KEY, stream(bytes(2 * MB)), media_type="video/mp4", limit=9 * MB)
    assert caught.value.retryable
    assert files(tmp_path) == []
    with pytest.raises(FileMissing):
        await storage.size(KEY)
    assert (await storage.put(KEY, stream(bytes(2 * MB)), media_type="video/mp4", limit=9 * MB)).size == 2 * MB


async def test_little_space_fails_the_check_in_time(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="almost full"):
        await LocalStorage(tmp_path, low_space=2**62).check()


async def test_a_root_that_is_no_folder_fails_the_check(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("tea")
    with pytest.raises(StorageUnavailable, match=r"cannot be used: (Not a directory|File exists)"):
        await LocalStorage(tmp_path / "file").check()


async def test_a_root_that_goes_away_is_unavailable_and_not_a_missing_file(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "files")
    await storage.check()
    (tmp_path / "files" / "drafts").rmdir()
    (tmp_path / "files").rmdir()
    with pytest.raises(StorageUnavailable, match="No such file or directory"):
        await storage.put(KEY, stream(b"tea"), media_type="text/plain", limit=9)


async def test_drafts_of_the_dead_are_cleared_and_of_the_living_kept(tmp_path: Path) -> None:
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    for name in ("dead", "living"):
        (drafts / name).write_bytes(b"half")
    os.utime(drafts / "dead", (0, 0))
    await LocalStorage(tmp_path).check()
    assert files(tmp_path) == [Path("drafts/living")]


async def test_a_slow_reader_holds_no_file_open(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    await storage.put(KEY, stream(bytes(MB)), media_type="video/mp4", limit=MB)
    reading = storage.open(KEY)
    await anext(reading)
    assert not [fd for fd in Path("/proc/self/fd").iterdir() if str(tmp_path) in os.path.realpath(fd)]
    await storage.delete(KEY)
    with pytest.raises(FileMissing):
        await anext(reading)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk of files is full: make room on it"),
        (errno.EDQUOT, "the disk of files is full: make room on it"),
        (errno.EACCES, "this user may not write to files: change the folder's owner or `storage.path`"),
        (errno.EROFS, "this user may not write to files: change the folder's owner or `storage.path`"),
        (errno.EIO, "the folder files cannot be used: Input/output error"),
    ],
)
def test_what_a_disk_refuses_is_said_for_people(number: int, words: str) -> None:
    assert explain(OSError(number, os.strerror(number)), Path("files")) == words
