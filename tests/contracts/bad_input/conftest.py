"""One server process for these tests, with handlers that fail on purpose."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.kit.server_process import ServerProcess
from tests.kit.telegram_server import TelegramServer


@pytest.fixture(scope="session")
async def telegram() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory, telegram: TelegramServer) -> AsyncIterator[ServerProcess]:
    process = ServerProcess(
        tmp_path_factory.mktemp("server"),
        telegram=telegram.base,
        token=telegram.token,
        modules=("tests.kit.troubled",),
        turn_seconds=0.5,
        file_mb=2,
        image_mb=1,
    )
    await process.start()
    yield process
    assert process.ends() == 0


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session
