"""One report process for all tests of this folder: Spark takes seconds to start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from analytics.child import Child, Job, Made, running_child
from analytics.settings import SparkSettings
from bot.core.period import Period
from models.database import close_database, migrate, open_database
from tests.analytics.shop import NOW


@pytest.fixture(scope="session")
async def child(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Child]:
    settings = SparkSettings(master="local[2]", memory="700m", timeout=100)
    async with running_child(settings, tmp_path_factory.mktemp("spark")) as process:
        yield process


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[str]:
    async with _migrated(f"sqlite://{tmp_path}/shop.db?synchronous=OFF") as url:
        yield url


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[str]:
    async with _migrated(postgres_url) as url:
        yield url


@asynccontextmanager
async def _migrated(url: str) -> AsyncIterator[str]:
    await open_database(url)
    await migrate()
    yield url
    await close_database()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database that is open here, on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_database")
    return url


class Maker:
    """Makes reports of one database into one lake."""

    def __init__(self, child: Child, database: str, folder: Path) -> None:
        self.child, self.database, self.folder = child, database, folder
        self.lake, self.output = folder / "lake", folder / "output"
        self.output.mkdir()

    async def make(self, report: str, period: Period, languages: Sequence[str] = ("en",)) -> Made:
        job = Job(report, period, self.database, self.lake, self.output, NOW, languages)
        made = await self.child.make(job, self._hear)
        print(report, made.rows_read, made.seconds)
        return made

    async def _hear(self, progress: str) -> None:
        assert progress.split()[0] in ("reading", "counting", "drawing")


@pytest.fixture
async def maker(child: Child, database: str, tmp_path: Path) -> Maker:
    return Maker(child, database, tmp_path)
