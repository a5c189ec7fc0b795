"""One report process for all tests of this folder: Spark takes seconds to start."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from analytics.child import Child, Job, Made, running_child
from analytics.settings import SparkSettings
from bot.core.period import Period
from models.database import close_database, migrate, open_database
from tests.analytics.shop import NOW
from tests.servers import Postgres


@pytest.fixture(scope="session")
async def child(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Child]:
    settings = SparkSettings(master="local[2]", memory="700m", timeout=100)
    async with running_child(settings, tmp_path_factory.mktemp("spark")) as process:
        yield process


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "shop.db"
    async with _open(f"sqlite://{path}?journal_mode=DELETE"):
        await migrate()
    return path


@pytest.fixture(scope="session")
async def postgres_template(postgres_server: Postgres) -> AsyncIterator[str]:
    url = await postgres_server.create_database()
    async with _open(url):
        await migrate()
    yield urlsplit(url).path[1:]
    await postgres_server.drop_database(url)


@pytest.fixture
async def sqlite_database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[str]:
    shutil.copy(sqlite_template, tmp_path / "shop.db")
    async with _open(f"sqlite://{tmp_path}/shop.db?synchronous=OFF") as url:
        yield url


@pytest.fixture
async def postgres_database(postgres_server: Postgres, postgres_template: str) -> AsyncIterator[str]:
    name = f"copy_{uuid.uuid4().hex[:12]}"
    await postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    async with _open(postgres_server.url(name)) as url:
        yield url
    await postgres_server.drop_database(url)


@pytest.fixture
async def mariadb_database(mariadb_url: str) -> AsyncIterator[str]:
    async with _open(mariadb_url) as url:
        await migrate()
        yield url


@asynccontextmanager
async def _open(url: str) -> AsyncIterator[str]:
    await open_database(url)
    yield url
    await close_database()


#: For `pytest.mark.parametrize("database", …, indirect=True)`: MariaDB as well, for what depends on how rows are read.
EVERY = ("sqlite", "postgres", "mariadb")


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database that is open here."""
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
