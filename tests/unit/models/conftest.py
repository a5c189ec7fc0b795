"""Empty databases without any schema, on each engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.database import close_database, open_database
from tests.servers import Postgres


@pytest.fixture
async def bare_sqlite(tmp_path: Path) -> AsyncIterator[str]:
    """An open, empty SQLite file."""
    await open_database(f"sqlite://{tmp_path / 'bare.db'}?synchronous=OFF")
    yield "sqlite"
    await close_database()


@pytest.fixture
async def bare_postgres(postgres_server: Postgres) -> AsyncIterator[str]:
    """An open, empty PostgreSQL database."""
    url = await postgres_server.create_database()
    await open_database(url)
    yield "postgres"
    await close_database()
    await postgres_server.drop_database(url)


@pytest.fixture
async def bare_mariadb(mariadb_url: str) -> AsyncIterator[str]:
    """An open, empty MariaDB database."""
    await open_database(mariadb_url)
    yield "mysql"
    await close_database()


@pytest.fixture(params=["bare_sqlite", "bare_postgres", "bare_mariadb"], ids=["sqlite", "postgres", "mariadb"])
def bare(request: pytest.FixtureRequest) -> str:
    """An open, empty database, on each engine: its dialect."""
    dialect: str = request.getfixturevalue(request.param)
    return dialect
