"""An empty shop on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from models.database import close_database, open_database
from tests.unit.services.shop import Shop


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Shop]:
    await open_database(url)
    yield Shop()
    await close_database()


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[Shop]:
    """An empty shop on SQLite."""
    async with _opened(sqlite_url) as made:
        yield made


@pytest.fixture
async def postgres(empty_postgres: str) -> AsyncIterator[Shop]:
    """An empty shop on PostgreSQL only: for what only concurrent transactions can show."""
    async with _opened(empty_postgres) as made:
        yield made


@pytest.fixture
async def mariadb(empty_mariadb: str) -> AsyncIterator[Shop]:
    """An empty shop on MariaDB only."""
    async with _opened(empty_mariadb) as made:
        yield made


@pytest.fixture(params=["shop", "postgres", "mariadb"])
def any_shop(request: pytest.FixtureRequest) -> Shop:
    """An empty shop, on each database."""
    made: Shop = request.getfixturevalue(request.param)
    return made
