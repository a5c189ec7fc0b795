"""Where tests write what is thrown away: in memory, where there is room. On a disk they wait for it half the time."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
#: What a whole run writes at most, and then some, bytes.
ROOM = 4 * 1024**3
_PREFIX = "pt-"  # short: the path of a socket has 107 characters


def in_memory() -> Path | None:
    """From here on this process and those that it starts have their temporary files in the folder that is returned.

    None where somebody chose a place (TMPDIR), or memory has no room, or none for programs.
    """
    if "TMPDIR" in os.environ or not _fits():
        return None
    _clear_up()
    folder = MEMORY / f"{_PREFIX}{os.getpid()}"
    try:
        folder.mkdir()
    except FileExistsError:  # of another user, one of whose processes had this number
        return None
    folder.chmod(0o711)  # PostgreSQL runs as another user where we are root, in a folder of its own
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _fits() -> bool:
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return shutil.disk_usage(MEMORY).free > ROOM


def _clear_up() -> None:
    """What a run has left that was killed, or that was red and looked at since."""
    for folder in MEMORY.glob(f"{_PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(_PREFIX)).exists():
            shutil.rmtree(folder, ignore_errors=True)
