"""The disk of the power cuts: what was synced is there, what was not may be, and a recording is read as it was made."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults.disk import SECTOR, Change, Disk, Luck, Resize, Write, kept_of
from tests.faults.leftovers import put, taken
from tests.faults.trace import Unreadable, has_ended, read

ROOT, FILE = "/d", "/d/f"


def lost(disk: Disk) -> dict[str, bytes | None]:
    """What is left when the disk had written nothing that it need not."""
    return dict(disk.loses_power(Luck.NOTHING, random.Random(0)))


def outcomes(disk: Disk, luck: Luck, path: str = FILE, times: int = 400) -> set[bytes | None]:
    """Everything that a file may be found as."""
    chance = random.Random(1)
    return {disk.loses_power(luck, chance).get(path, b"no name") for _ in range(times)}


def synced(disk: Disk, *paths: str) -> None:
    for path in paths:
        disk.sync_begins(path, 0)
        disk.sync_ends(0)


def disk_with(*changes: Change, left: bytes = b"....") -> Disk:
    disk = Disk({FILE: left})
    for change in changes:
        disk.change(FILE, change)
    return disk


def test_what_is_not_synced_may_be_lost_and_what_is_synced_may_not() -> None:
    disk = disk_with(Write(0, b"ab"))
    assert lost(disk) == {FILE: b"...."}
    synced(disk, FILE)
    disk.change(FILE, Write(2, b"cd"))
    assert lost(disk) == {FILE: b"ab.."}
    assert outcomes(disk, Luck.SOME) == {b"ab..", b"abcd"}
    assert disk.unsynced() == 2


def test_a_sync_is_about_what_was_there_when_it_began() -> None:
    disk = disk_with(Write(0, b"a"))
    disk.sync_begins(FILE, 7)
    disk.change(FILE, Write(1, b"b"))
    assert lost(disk) == {FILE: b"...."}, "a sync that has not ended has promised nothing"
    disk.sync_ends(7)
    assert lost(disk) == {FILE: b"a..."}


def test_of_two_syncs_at_once_the_slower_one_changes_nothing() -> None:
    disk = disk_with(Write(0, b"a"))
    disk.sync_begins(FILE, 1)
    disk.sync_begins(FILE, 2)
    disk.sync_ends(2)
    disk.change(FILE, Write(0, b"z"))
    synced(disk, FILE)
    disk.sync_ends(1)
    assert lost(disk) == {FILE: b"z..."}


def test_a_name_is_safe_when_its_folder_is_synced() -> None:
    disk = Disk({})
    disk.create("/d/sub", folder=True)
    disk.create("/d/sub/f")
    disk.change("/d/sub/f", Write(0, b"a"))
    synced(disk, "/d/sub/f", "/d/sub")
    assert lost(disk) == {}, "the name of the folder itself was never synced"
    synced(disk, ROOT)
    assert lost(disk) == {"/d/sub": None, "/d/sub/f": b"a"}


def test_a_name_without_synced_bytes_is_an_empty_file() -> None:
    disk = Disk({})
    disk.create(FILE)
    disk.change(FILE, Write(0, b"a"))
    synced(disk, ROOT)
    assert lost(disk) == {FILE: b""}


def test_a_removal_and_a_move_may_be_undone() -> None:
    disk = Disk({FILE: b"old", "/d/draft": b"new"})
    disk.move("/d/draft", FILE)
    assert lost(disk) == {FILE: b"old", "/d/draft": b"new"}
    assert outcomes(disk, Luck.SOME) == {b"old", b"new"}
    synced(disk, ROOT)
    disk.remove(FILE)
    assert lost(disk) == {FILE: b"new"}
    assert not disk.has(FILE)


def test_names_change_in_their_order() -> None:
    disk = Disk({})
    for name in ("/d/1", "/d/2", "/d/3"):
        disk.create(name)
    chance = random.Random(1)
    found = {"".join(Path(name).name for name in disk.loses_power(Luck.SOME, chance)) for _ in range(200)}
    assert found == {"", "1", "12", "123"}


def test_a_file_that_comes_under_an_old_name_is_another_file() -> None:
    disk = disk_with(left=b"old")
    disk.remove(FILE)
    disk.create(FILE)
    disk.change(FILE, Write(0, b"n"))
    synced(disk, FILE)
    assert lost(disk) == {FILE: b"old"}
    synced(disk, ROOT)
    assert lost(disk) == {FILE: b"n"}


def test_a_folder_that_moves_is_refused() -> None:
    disk = Disk({"/d/sub": None})
    with pytest.raises(ValueError, match="cannot follow"):
        disk.move("/d/sub", "/d/other")


@pytest.mark.parametrize(
    ("change", "found"),
    [(Resize(2), b".."), (Resize(6), b"....\0\0"), (Write(6, b"x"), b"....\0\0x"), (Write(3, b"xy"), b"...xy")],
)
def test_changes_of_length(change: Change, found: bytes) -> None:
    disk = disk_with(change)
    synced(disk, FILE)
    assert lost(disk) == {FILE: found}


def test_each_luck_keeps_what_it_says() -> None:
    a, b = Write(0, b"a" * 2 * SECTOR), Write(2 * SECTOR, b"b" * 2 * SECTOR)
    shapes = {
        luck: {_shape(kept_of([a, b], luck, chance)) for chance in map(random.Random, range(2000))} for luck in Luck
    }
    assert shapes[Luck.NOTHING] == {""}
    assert shapes[Luck.BEGINNING] == {"", "a", "aa", "aab", "aabb"}
    assert shapes[Luck.SOME] == {"", "aa", "bb", "aabb"}
    assert {"a", "b", "ab", "abb", "bb", "aab", "aabb"} <= shapes[Luck.SECTORS]


def _shape(kept: Iterable[Change]) -> str:
    """A letter for each sector."""
    return "".join(chr(one.content[0]) * (len(one.content) // SECTOR) for one in kept if isinstance(one, Write))


def test_a_write_is_torn_at_the_borders_of_sectors() -> None:
    write = Write(SECTOR - 2, b"ab" + b"c" * SECTOR + b"d")
    chance = random.Random(3)
    kept = {one for _ in range(200) for one in kept_of([write], Luck.SECTORS, chance)}
    assert kept == {Write(SECTOR - 2, b"ab"), Write(SECTOR, b"c" * SECTOR), Write(2 * SECTOR, b"d")}


def test_what_was_left_is_put_elsewhere(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (new / "gone").mkdir(parents=True)
    left = {str(old / "sub"): None, str(old / "sub" / "x"): b"x", str(old / "p.db-wal"): b"log"}
    put(left, {old: new}, b"rubbish")
    assert taken([new]) == {str(new / "sub"): None, str(new / "sub/x"): b"x", str(new / "p.db-wal"): b"log"}
    assert (new / "p.db-shm").read_bytes() == b"rubbish"


RECORDED = r"""
9 1.0 mkdir("/d/sub", 0777) = 0
9 1.1 openat(AT_FDCWD</d>, "sub/new", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0600) = 4</d/sub/new>
9 1.2 write(4</d/sub/new>, "a\n\0\377\"", 5) = 5
9 1.3 lseek(4</d/sub/new>, 1, SEEK_SET) = 1
9 1.4 write(4</d/sub/new>, "bcd", 3) = 2
9 1.5 fsync(4</d/sub/new>) = 0
9 1.6 rename("/d/sub/new", "/d/sub/old") = 0
9 1.7 openat(AT_FDCWD</d>, "/d/sub", O_RDONLY|O_DIRECTORY) = 5</d/sub>
9 1.8 fsync(5</d/sub>) = 0
9 1.9 openat(AT_FDCWD</d>, "/d", O_RDONLY|O_DIRECTORY) = 6</d>
9 2.0 fsync(6</d>) = 0
"""


def played(text: str, disk: Disk) -> Disk:
    for step in read(text.strip().splitlines(keepends=True), [ROOT]):
        step.act(disk)
    return disk


def test_a_recording_is_played_to_a_disk() -> None:
    assert lost(played(RECORDED, Disk({}))) == {"/d/sub": None, "/d/sub/old": b'abc\xff"'}


def test_the_database_writes_at_places_and_is_cut_off() -> None:
    text = r"""
9 1.0 openat(AT_FDCWD</x>, "/d/f", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0644) = 3</d/f>
9 1.1 pwrite64(3</d/f>, "\0013", 2, 2) = 2
9 1.2 ftruncate(3</d/f>, 3) = 0
9 1.3 fdatasync(3</d/f>) = 0
"""
    assert lost(played(text, disk_with())) == {FILE: b"..\x01"}


def test_calls_that_others_come_between_are_put_together() -> None:
    text = """
9 1.0 pwrite64(3</d/f>, "ab", 2, 0 <unfinished ...>
8 1.1 write(7<socket:[12]>, "HTTP/1.1 200 OK, /d/f", 20) = 20
9 1.2 <... pwrite64 resumed>) = 2
9 1.3 fdatasync(3</d/f> <unfinished ...>
8 1.4 pwrite64(3</d/f>, "c", 1, 2) = 1
9 1.5 <... fdatasync resumed>) = 0
"""
    steps = [*read(text.strip().splitlines(keepends=True), [ROOT])]
    assert [(step.at, step.kind) for step in steps] == [
        (1.2, "pwrite64"), (1.3, "fdatasync begins"), (1.4, "pwrite64"), (1.5, "fdatasync"),
    ]  # fmt: skip
    assert lost(played(text, disk_with())) == {FILE: b"ab.."}


@pytest.mark.parametrize(
    "line",
    [
        '9 1.0 pwrite64(3</d/f>, "ab", 2, 0) = ?',  # killed meanwhile
        '9 1.0 pwrite64(3</d/f>, "ab", 2, 0 <unfinished ...>',
        '9 1.0 pwrite64(3</d/f>, "ab", 2, 0) = -1 ENOSPC (No space left on device)',
        '9 1.0 pwrite64(3</d/f>(deleted), "ab", 2, 0) = 2',
        '9 1.0 pwrite64(3</dd/f>, "ab", 2, 0) = 2',
        '9 1.0 pwrite64(3</d/f-shm>, "ab", 2, 0) = 2',
        '9 1.0 openat(AT_FDCWD</d>, "/d/f", O_RDONLY) = 3</d/f>',
        "9 1.0 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3</d/f>, 0) = 0x7f00",
        "9 1.0 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</d/f-shm>, 0) = 0x7f00",
        "9 1.0 +++ killed by SIGKILL +++",
    ],
)
def test_what_changes_nothing(line: str) -> None:
    disk = played(line, disk_with())
    synced(disk, FILE, ROOT)
    assert lost(disk) == {FILE: b"...."}


@pytest.mark.parametrize(
    "line",
    [
        "9 1.0 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3</d/f>, 0) = 0x7f00",
        "9 1.0 sendfile(3</d/f>, 4</d/g>, NULL, 9) = 9",
        '9 1.0 writev(3</d/f>, [{iov_base="ab", iov_len=2}], 1) = 2',
        '9 1.0 openat(AT_FDCWD</d>, "/d/f", O_WRONLY|O_APPEND) = 3</d/f>',
        '9 1.0 pwrite64(3</d/f>, "ab"..., 4096, 0) = 4096',
        '9 1.0 rename("/d/f", "/elsewhere/f") = 0',
        '9 1.0 pwrite64(3</d/f>, "ab", 2, 0',
    ],
)
def test_what_cannot_be_read_is_said(line: str) -> None:
    with pytest.raises(Unreadable):
        played(line, disk_with())


def test_a_recording_has_ended_when_the_process_itself_has(tmp_path: Path) -> None:
    file = tmp_path / "trace"
    file.write_text('9 1.0 write(2</log>, "8 1.0 +++ killed by", 9) = 9\n9     1.0 +++ killed by SIGKILL +++\n')
    assert (has_ended(file, 9), has_ended(file, 8)) == (True, False)
