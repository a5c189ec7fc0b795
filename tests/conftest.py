"""Fixtures for all tests: real servers, databases and a browser, each started when the first test asks."""

from __future__ import annotations

import gc
import logging
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, async_playwright

from models.database import close_database, migrate, open_database
from tests import chromium, keys, orm, scratch
from tests.network import Fence
from tests.servers import Bucket, MariaDb, ObjectStore, Postgres, Server, Valkey
from tests.workers import ByServer, Producer, how_many

FENCE = Fence()
SCRATCH = pytest.StashKey[Path | None]()
#: Objects that are made until the youngest are looked through for garbage; by itself Python does so each 700.
MADE_BETWEEN_LOOKS = 10_000
orm.prepare_once()
keys.read_once()
# A machine that is busy with other things is no fault of what is tested.
settings.register_profile("parley", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("parley")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer:
    return ByServer(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return how_many()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker has it from who started it
        config.stash[SCRATCH] = scratch.in_memory()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """What a red test has left is looked at; the next run clears it up."""
    if exitstatus == pytest.ExitCode.OK and (folder := session.config.stash.get(SCRATCH, None)):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What the collection makes stays to the end: it is looked through for garbage neither then nor ever after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(MADE_BETWEEN_LOOKS)
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    FENCE.is_up = True
    yield
    FENCE.is_up = False


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that is tried in the tests' own process says what is logged, and the next test has a log of its own."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


AnyServer = TypeVar("AnyServer", bound=Server)


def _running(server: AnyServer) -> Iterator[AnyServer]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """PostgreSQL 18; `await postgres_server.create_database()` gives a URL."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield from _running(server)


@pytest.fixture
async def postgres_url(postgres_server: Postgres) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database that is the test's own."""
    url = await postgres_server.create_database()
    yield url
    await postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """MariaDB; `await mariadb_server.create_database()` gives a URL."""
    if not MariaDb.is_there():
        if "CI" in os.environ:
            pytest.fail("MariaDB is not installed: apt install mariadb-server-core mariadb-client-core")
        pytest.skip("MariaDB is not installed: apt install mariadb-server-core mariadb-client-core")
    yield from _running(MariaDb(tmp_path_factory.mktemp("mariadb")))


@pytest.fixture
async def mariadb_url(mariadb_server: MariaDb) -> AsyncIterator[str]:
    """The URL of an empty MariaDB database that is the test's own."""
    url = await mariadb_server.create_database()
    yield url
    await mariadb_server.drop_database(url)


#: A test's file need not survive a power cut, and so need not wait for the disk.
QUICK = "?synchronous=OFF"


async def _migrate(url: str) -> None:
    await open_database(url)
    await migrate()
    await close_database()


@pytest.fixture(scope="session")
async def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "parley.db"
    await _migrate(f"sqlite://{path}?journal_mode=DELETE")
    return path


@pytest.fixture
def sqlite_url(sqlite_file: Path, tmp_path: Path) -> str:
    """The URL of a migrated, empty SQLite database that is the test's own."""
    shutil.copy(sqlite_file, tmp_path / "parley.db")
    return f"sqlite://{tmp_path / 'parley.db'}{QUICK}"


@pytest.fixture(scope="session")
async def shared_postgres(postgres_server: Postgres) -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database; see also `empty_postgres`."""
    url = await postgres_server.create_database()
    await _migrate(url)
    yield url
    await postgres_server.drop_database(url)


@pytest.fixture
async def empty_postgres(postgres_server: Postgres, shared_postgres: str) -> str:
    """The URL of a migrated, empty PostgreSQL database that tests use one after the other."""
    await postgres_server.empty(shared_postgres)
    return shared_postgres


@pytest.fixture(scope="session")
async def shared_mariadb(mariadb_server: MariaDb) -> AsyncIterator[str]:
    """The URL of a migrated MariaDB database; see also `empty_mariadb`."""
    url = await mariadb_server.create_database()
    await _migrate(url)
    yield url
    await mariadb_server.drop_database(url)


@pytest.fixture
async def empty_mariadb(mariadb_server: MariaDb, shared_mariadb: str) -> str:
    """The URL of a migrated, empty MariaDB database that tests use one after the other."""
    await mariadb_server.empty(shared_mariadb)
    return shared_mariadb


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Valkey, for what speaks Redis' protocol; see also `valkey_url`."""
    yield from _running(Valkey(tmp_path_factory.mktemp("valkey")))


@pytest.fixture
async def valkey_url(valkey_server: Valkey) -> str:
    """The URL of an empty Valkey."""
    from redis.asyncio import Redis

    async with Redis.from_url(valkey_server.url) as client:
        await client.flushall()
    return valkey_server.url


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An S3 server that checks signatures; see also `s3_bucket`."""
    yield from _running(ObjectStore(tmp_path_factory.mktemp("s3")))


@pytest.fixture
async def s3_bucket(s3_server: ObjectStore) -> Bucket:
    """Endpoint, key, secret, region and name of an empty bucket that is the test's own."""
    return await s3_server.create_bucket()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, one for the session. Most tests want `new_page`."""
    async with async_playwright() as playwright:
        browser = await chromium.launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture
async def new_page(browser: Browser) -> AsyncIterator[chromium.Pages]:
    """`page = await new_page(locale="zh-CN", viewport=(390, 844))`; script errors fail the test."""
    pages = chromium.Pages(browser)
    yield pages
    await pages.close()


@pytest.fixture(scope="session")
def screenshots(pytestconfig: pytest.Config) -> Path:
    """The folder for pictures that a person looks at."""
    return chromium.screenshot_folder(pytestconfig.rootpath)
