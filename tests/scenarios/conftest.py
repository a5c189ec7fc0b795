"""`sim` runs a scenario on every channel's profile, in every mode; `one_sim` on the web chat only, plainly."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.profiles import PROFILES
from models.database import close_database, migrate, open_database
from tests.kit.simulator import MODES, Mode, Simulator

#: A test's file need not survive a power cut, and so need not wait for the disk.
QUICK = "?synchronous=OFF"


@pytest.fixture(scope="session")
async def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "parley.db"
    await open_database(f"sqlite://{path}?journal_mode=DELETE")
    await migrate()
    await close_database()
    return path


def _database(template: Path, folder: Path) -> str:
    shutil.copy(template, folder / "parley.db")
    return f"sqlite://{folder / 'parley.db'}{QUICK}"


@pytest.fixture(params=[(name, mode) for name in PROFILES for mode in MODES], ids=lambda p: f"{p[0]}-{p[1].name}")
async def sim(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on each channel and in each mode."""
    name, mode = request.param
    async with Simulator(PROFILES[name], tmp_path, _database(template, tmp_path), mode) as world:
        yield world


@pytest.fixture
async def one_sim(template: Path, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on one channel with buttons, plainly: for what does not depend on the channel."""
    async with Simulator(PROFILES["telegram"], tmp_path, _database(template, tmp_path), Mode("plain")) as world:
        yield world


@pytest.fixture
async def postgres_sim(postgres_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world on PostgreSQL, with every message delivered twice."""
    async with Simulator(PROFILES["telegram"], tmp_path, postgres_url, MODES[1]) as world:
        yield world
