"""`sim` runs a scenario on every channel's profile, in every mode; `one_sim` on the web chat only, plainly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.profiles import PROFILES
from tests.kit.simulator import MODES, Mode, Simulator


@pytest.fixture(params=[(name, mode) for name in PROFILES for mode in MODES], ids=lambda p: f"{p[0]}-{p[1].name}")
async def sim(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on each channel and in each mode."""
    name, mode = request.param
    async with Simulator(PROFILES[name], tmp_path, sqlite_url, mode) as world:
        yield world


@pytest.fixture
async def one_sim(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on one channel with buttons, plainly: for what does not depend on the channel."""
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, Mode("plain")) as world:
        yield world


@pytest.fixture(params=["empty_postgres", "empty_mariadb"], ids=["postgres", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of each server."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def server_sim(server_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world on each database server, with every message delivered twice."""
    async with Simulator(PROFILES["telegram"], tmp_path, server_url, MODES[1]) as world:
        yield world
