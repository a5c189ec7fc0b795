"""What every adapter is tried with: files of ours, an inbox, notes that nodes share, and a web side in small."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import QUICK
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import MemoryNotes


def a_copy(sqlite_file: Path, folders: pytest.TempPathFactory) -> str:
    """The URL of a migrated, empty SQLite database that several tests of a file share."""
    path = folders.mktemp("own") / "parley.db"
    shutil.copy(sqlite_file, path)
    return f"sqlite://{path}{QUICK}"


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def notes() -> MemoryNotes:
    return MemoryNotes()


@pytest.fixture
def naps() -> list[float]:
    """How long the channel would have slept before each further try."""
    return []


@pytest.fixture
async def hook(inbox: Inbox) -> AsyncIterator[Hook]:
    """Listens for whichever channel is put into it."""
    async with Hook(inbox.accept) as hook:
        yield hook
