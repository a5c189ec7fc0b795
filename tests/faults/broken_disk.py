"""Processes that believe their disk: what they have written counts as kept, although nothing made the disk keep it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable


def _syncs(how: str) -> None:
    from models.engines import sqlite

    sqlite.PRAGMAS["synchronous"] = how


def syncs_at_checkpoints() -> None:
    """What many call safe enough: the log is synced when it is full, and not when somebody commits."""
    _syncs("NORMAL")


def never_syncs() -> None:
    """The database leaves it to the system when its file is written."""
    _syncs("OFF")


def never_syncs_files() -> None:
    """A file counts as stored when it has been written and its name is kept; the database is as it should be."""
    sync = os.fsync

    def sync_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            sync(handle)

    vars(os)["fsync"] = sync_folders


VARIANTS: dict[str, Callable[..., None]] = {
    "syncs-at-checkpoints": syncs_at_checkpoints,
    "never-syncs": never_syncs,
    "never-syncs-files": never_syncs_files,
}
