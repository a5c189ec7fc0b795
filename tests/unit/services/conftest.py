"""A migrated, empty database for each test: on SQLite a fresh copy, on PostgreSQL emptied tables."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.database import client, close_database, migrate, open_database
from tests.servers import Postgres
from tests.unit.services.shop import Shop

#: A test's file need not survive a power cut, and so need not wait for the disk.
QUICK = "?synchronous=OFF"


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "shop.db"
    await open_database(f"sqlite://{path}?journal_mode=DELETE")
    await migrate()
    await close_database()
    return path


@pytest.fixture(scope="session")
async def postgres_shop(postgres_server: Postgres) -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database that these tests share, one after the other."""
    url = await postgres_server.create_database()
    await open_database(url)
    await migrate()
    await close_database()
    yield url
    await postgres_server.drop_database(url)


@pytest.fixture
async def shop(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    """An empty shop on SQLite."""
    shutil.copy(sqlite_template, tmp_path / "shop.db")
    await open_database(f"sqlite://{tmp_path / 'shop.db'}{QUICK}")
    yield Shop()
    await close_database()


@pytest.fixture
async def postgres(postgres_shop: str) -> AsyncIterator[Shop]:
    """An empty shop on PostgreSQL only: for what only concurrent transactions can show."""
    await open_database(postgres_shop)
    await _empty()
    yield Shop()
    await close_database()


@pytest.fixture(params=["shop", "postgres"])
def any_shop(request: pytest.FixtureRequest) -> Shop:
    """An empty shop, on each database."""
    made: Shop = request.getfixturevalue(request.param)
    return made


async def _empty() -> None:
    _, rows = await client().execute_query(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_version'"
    )
    names = ", ".join(f'"{row["tablename"]}"' for row in rows)
    await client().execute_script(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
