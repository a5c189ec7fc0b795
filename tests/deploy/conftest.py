"""Two nodes on one PostgreSQL behind a real nginx, started once for all tests of this folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tests.deploy.site import Site, node, running
from tests.kit.nginx import program
from tests.kit.telegram_server import TelegramServer
from tests.servers import Postgres


@pytest.fixture(scope="session")
async def site(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    if program() is None:
        why = "nginx is not there: scripts/test unpacks it, or apt install nginx"
        pytest.fail(why) if "CI" in os.environ else pytest.skip(why)
    folder = tmp_path_factory.mktemp("site")
    url = await postgres_server.create_database()
    async with TelegramServer() as telegram:
        nodes = [node(folder, number, url, telegram) for number in (1, 2)]
        async with nodes[0], nodes[1]:
            await asyncio.gather(*(one.start() for one in nodes))
            nginx = running(folder / "nginx", [one.port for one in nodes])
            try:
                yield Site(nodes, nginx, telegram, folder, url)
            finally:
                nginx.stop()
    await postgres_server.drop_database(url)
