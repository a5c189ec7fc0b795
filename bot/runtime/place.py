"""Where a process runs, so that another one on the same machine can tell for certain that it is dead."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def own() -> str:
    """Machine since its start, container, process and the moment at which it began; "" where that cannot be told."""
    machine = _machine()
    began = _began(os.getpid())
    return f"{machine} {os.getpid()} {began}" if machine and began else ""


def is_gone(place: str) -> bool:
    """Whether the process of `place` is dead; False where we cannot know."""
    parts = place.split(" ")
    if len(parts) != 3 or parts[0] != _machine():
        return False
    return _began(int(parts[1])) != parts[2]


def _machine() -> str:
    """Processes that share it see each other under the same numbers."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:  # no Linux
        return ""


def _began(pid: int) -> str:
    """The start of a process that can still run, in ticks since the machine's; "" when there is none."""
    try:
        told = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if told[0] in "ZX" else told[19]
