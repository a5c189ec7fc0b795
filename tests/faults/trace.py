"""What a process really did to some folders, as the kernel was told: a recording of its system calls by strace."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.disk import Disk, Resize, Write

#: What changes files, and what makes changes last. With `?` a processor need not have it.
CALLS = (
    *("open", "openat", "creat", "lseek", "write", "pwrite64", "ftruncate", "fsync", "fdatasync"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"),
    # Nobody here does it that way; where somebody begins to, the recording says that it cannot read it.
    *("mmap", "truncate", "fallocate", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice"),
    *("sync", "syncfs", "link", "linkat", "symlink", "symlinkat"),
)
#: More than anybody writes at once, bytes.
LONGEST = 64 * 2**20
_LINE = re.compile(r"(\d+) +(\d+\.\d+) (?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")
_KILLED = " = ?"
_UNFINISHED = " <unfinished ...>"
_RESULT = re.compile(r"^(.*)\) += (-?\d+)(?:<(.*?)>)?[^\"]*$")
_NAME = re.compile(r'(?:AT_FDCWD|\d+)<([^>]*)>, ("(?:[^"\\]|\\.)*")|("(?:[^"\\]|\\.)*")')
_HANDLE = re.compile(r"(\d+)<([^>]*)>(\(deleted\))?")


class Unreadable(RuntimeError):
    """The process did something to the folders that the recording does not understand, so it shows nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """`at` is seconds of the epoch; whatever the process said because of this step, it said later."""

    at: float
    path: str
    act: Callable[[Disk], None]
    kind: str  # the system call


@dataclass(frozen=True, slots=True)
class _Call:
    who: int  # a thread
    name: str
    given: str
    result: int
    path: str  # of the handle that an open returned


def words(file: Path) -> list[str]:
    """Words before a command whose system calls are to be written to `file`; the process keeps its id."""
    strace = shutil.which("strace")
    if strace is None:
        raise RuntimeError("what a power cut takes is seen with strace, which is not here: apt install strace")
    calls = ",".join(f"?{call}" for call in CALLS)
    return [
        strace, "-D", "-f", "--seccomp-bpf", "-q", "-ttt", "-y", f"-s{LONGEST}", "-e", "signal=kill",
        "-e", f"trace={calls}", "-o", str(file),
    ]  # fmt: skip


def has_ended(file: Path, process: int) -> bool:
    """Whether all that the process did is written down; its children may go on."""
    return re.search(rb"^%d +[0-9.]+ \+\+\+ (killed|exited)" % process, file.read_bytes(), re.MULTILINE) is not None


def read(lines: Iterable[str], roots: Sequence[str]) -> Iterator[Step]:
    """The steps of everything below these folders, in their order. Raises `Unreadable`."""
    return _Reader(roots).steps(lines)


class _Reader:
    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = tuple(roots)
        self._begun: dict[int, str] = {}  # what a thread has told of its call so far
        self._places: dict[tuple[str, str], int] = {}  # where a handle of a file writes next

    def steps(self, lines: Iterable[str]) -> Iterator[Step]:
        for line in lines:
            told = _LINE.fullmatch(line.rstrip("\n"))
            if told is None:
                continue  # a signal, an end
            who, at, resumed, name, rest = int(told[1]), float(told[2]), told[3], told[4], told[5]
            if resumed:
                yield from self._ends(who, at, resumed, self._begun.pop(who, "") + rest)
            elif rest.endswith(_UNFINISHED):
                self._begun[who] = rest.removesuffix(_UNFINISHED)
                yield from self._begins(who, at, name, self._begun[who])
            elif self._is_mine(rest):
                yield from self._begins(who, at, name, rest)
                yield from self._ends(who, at, name, rest)

    def _is_mine(self, text: str) -> bool:
        return any(root in text for root in self._roots)

    def _is_below(self, path: str) -> bool:
        """A log's index is memory: no cut leaves anything of it that anybody may read."""
        return path.startswith(tuple(f"{root}/" for root in self._roots)) and not path.endswith("-shm")

    def _begins(self, who: int, at: float, name: str, given: str) -> Iterator[Step]:
        if name in ("fsync", "fdatasync") and (path := self._synced(given)):
            yield Step(at, path, lambda disk: disk.sync_begins(path, who), f"{name} begins")

    def _synced(self, given: str) -> str:
        _, path, gone = _handle(given)
        return path if not gone and (path in self._roots or self._is_below(path)) else ""

    def _ends(self, who: int, at: float, name: str, told: str) -> Iterator[Step]:
        if not self._is_mine(told):
            return
        whole = _RESULT.match(told)
        if told.endswith(_KILLED):
            return  # whether it has done anything, nobody knows: the disk's luck is as bad as that
        if whole is None:
            raise Unreadable(f"{name}({told[:300]}")
        call = _Call(who, name, whole[1], int(whole[2]), whole[3] or "")
        if call.result >= 0:
            act, path = self._meaning(call)
            if act is not None:
                yield Step(at, path, act, name)

    def _meaning(self, call: _Call) -> tuple[Callable[[Disk], None] | None, str]:
        match call.name:
            case "open" | "openat" | "creat":
                return self._opened(call)
            case "fsync" | "fdatasync":
                path = self._synced(call.given)
                return (lambda disk: disk.sync_ends(call.who)) if path else None, path
            case "lseek" | "write" | "pwrite64" | "ftruncate":
                return self._changed(call)
            case "rename" | "renameat" | "renameat2":
                return self._moved(call)
            case "unlink" | "unlinkat" | "rmdir" | "mkdir" | "mkdirat":
                return self._named(call)
        if any(self._is_below(path) for path in _paths(call.given)) and not _only_reads(call):
            raise Unreadable(f"{call.name}({call.given[:300]})")
        return None, ""

    def _opened(self, call: _Call) -> tuple[Callable[[Disk], None] | None, str]:
        path = call.path
        if not self._is_below(path):
            return None, ""
        if "O_APPEND" in call.given:
            raise Unreadable(f"{call.name}({call.given})")
        self._places[str(call.result), path] = 0
        makes, empties = "O_CREAT" in call.given or call.name == "creat", "O_TRUNC" in call.given

        def act(disk: Disk) -> None:
            if makes and not disk.has(path):
                disk.create(path)
            elif empties:
                disk.change(path, Resize(0))

        return act if makes or empties else None, path

    def _changed(self, call: _Call) -> tuple[Callable[[Disk], None] | None, str]:
        handle, path, gone = _handle(call.given)
        if gone or not self._is_below(path):
            return None, ""  # what has no name any more is found by nobody
        if call.name == "lseek":
            self._places[handle, path] = call.result
            return None, ""
        change = self._change(call, handle, path)
        return lambda disk: disk.change(path, change), path

    def _change(self, call: _Call, handle: str, path: str) -> Write | Resize:
        if call.name == "ftruncate":
            return Resize(int(call.given.rpartition(", ")[2]))
        begin, end = call.given.index('"'), call.given.rindex('"') + 1
        if call.given[end:].startswith("..."):
            raise Unreadable(f"{call.name} of more than {LONGEST} bytes")
        content: bytes = ast.literal_eval(f"b{call.given[begin:end]}")[: call.result]
        if call.name == "pwrite64":
            return Write(int(call.given.rpartition(", ")[2]), content)
        at = self._places[handle, path]
        self._places[handle, path] = at + len(content)
        return Write(at, content)

    def _moved(self, call: _Call) -> tuple[Callable[[Disk], None] | None, str]:
        old, new = _names(call.given)
        if not (self._is_below(old) or self._is_below(new)):
            return None, ""
        if not (self._is_below(old) and self._is_below(new)) or "RENAME_" in call.given:
            raise Unreadable(f"{call.name}({call.given})")
        return lambda disk: disk.move(old, new), new

    def _named(self, call: _Call) -> tuple[Callable[[Disk], None] | None, str]:
        [path] = _names(call.given)
        if not self._is_below(path):
            return None, ""
        if call.name.startswith("mkdir"):
            return lambda disk: disk.create(path, folder=True), path
        return lambda disk: disk.remove(path), path


def _only_reads(call: _Call) -> bool:
    return call.name == "mmap" and not ("PROT_WRITE" in call.given and "MAP_SHARED" in call.given)


def _handle(given: str) -> tuple[str, str, bool]:
    """The first handle: its number, its path, and whether that name is gone."""
    found = _HANDLE.match(given)
    return (found[1], found[2], found[3] is not None) if found else ("", "", True)


def _names(given: str) -> list[str]:
    """The paths that a call was told, whole."""
    return [
        str(Path(folder) / _text(name)) if name else _text(alone)
        for folder, name, alone in _NAME.findall(given)
    ]  # fmt: skip


def _paths(given: str) -> list[str]:
    """All that a call is about, by name or by handle; nothing of what it writes."""
    return [path for _, path, gone in _HANDLE.findall(given) if not gone] + _names(given)


def _text(quoted: str) -> str:
    content: bytes = ast.literal_eval(f"b{quoted}")
    return content.decode("utf-8", "surrogateescape")
