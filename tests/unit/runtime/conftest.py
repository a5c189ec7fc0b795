"""A database on each engine, and a world with handlers of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.core.capabilities import Capabilities
from bot.core.router import Router
from models.database import close_database, open_database
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import Simulator


@pytest.fixture(params=["sqlite_url", "empty_postgres", "empty_mariadb"], ids=["sqlite", "postgres", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty, migrated database, on each engine."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The same, open."""
    await open_database(database_url)
    yield database_url
    await close_database()


class Worlds:
    """Opens worlds on the test's database; each is closed with the test."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url, self._folder, self._stack = url, folder, AsyncExitStack()

    async def __call__(self, routers: Sequence[Router], capabilities: Capabilities = TELEGRAM) -> Simulator:
        """A world whose only handlers are these."""
        return await self._stack.enter_async_context(
            Simulator(capabilities, self._folder, self._url, routers=routers, languages=("en",))
        )

    async def close(self) -> None:
        """End them all."""
        await self._stack.aclose()


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[Worlds]:
    """`sim = await world([router])`, on each engine."""
    worlds = Worlds(database_url, tmp_path)
    yield worlds
    await worlds.close()


@pytest.fixture
async def small_world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Worlds]:
    """`sim = await small_world([router])`, on SQLite only: for what does not depend on the engine."""
    worlds = Worlds(sqlite_url, tmp_path)
    yield worlds
    await worlds.close()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries without their waits: as many, and in the same order."""
    monkeypatch.setattr("bot.runtime.retry.TURN_DELAYS", (0.0,) * 4)
    monkeypatch.setattr("bot.runtime.retry.EFFECT_DELAYS", (0.0,) * 7)
