"""A migrated, empty database on each engine, and a world with handlers of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.core.capabilities import Capabilities
from bot.core.profiles import TELEGRAM
from bot.core.router import Router
from models.database import client, close_database, migrate, open_database
from tests.kit.simulator import Simulator
from tests.servers import Postgres

#: A test's file need not survive a power cut, and so need not wait for the disk.
QUICK = "?synchronous=OFF"


@pytest.fixture(scope="session")
async def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "parley.db"
    await open_database(f"sqlite://{path}?journal_mode=DELETE")
    await migrate()
    await close_database()
    return path


@pytest.fixture(scope="session")
async def postgres_database(postgres_server: Postgres) -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database that these tests share, one after the other."""
    url = await postgres_server.create_database()
    await open_database(url)
    await migrate()
    await close_database()
    yield url
    await postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(sqlite_file: Path, tmp_path: Path) -> str:
    """An empty database of the test's own."""
    shutil.copy(sqlite_file, tmp_path / "parley.db")
    return f"sqlite://{tmp_path / 'parley.db'}{QUICK}"


@pytest.fixture
async def empty_postgres(postgres_database: str) -> str:
    """The shared database, emptied."""
    await open_database(postgres_database)
    _, rows = await client().execute_query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version'"
    )
    names = ", ".join(f'"{row["tablename"]}"' for row in rows)
    await client().execute_script(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    await close_database()
    return postgres_database


@pytest.fixture(params=["sqlite_url", "empty_postgres"], ids=["sqlite", "postgres"])
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
