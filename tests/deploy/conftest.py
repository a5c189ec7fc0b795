"""Two nodes on one PostgreSQL behind a real nginx, started once for all tests of this folder."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.shop import Shop
from tests.kit.nginx import Nginx, program
from tests.kit.telegram_server import TelegramServer
from tests.servers import Postgres

FILE_MB = 2


@dataclass
class Site:
    """The nodes, what is before them, and the platform that they talk to."""

    nodes: list[Shop]
    nginx: Nginx
    telegram: TelegramServer
    folder: Path
    database: str


@pytest.fixture(scope="session")
async def site(postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    if program() is None:
        why = "nginx is not there: scripts/test unpacks it, or apt install nginx"
        pytest.fail(why) if "CI" in os.environ else pytest.skip(why)
    folder = tmp_path_factory.mktemp("site")
    url = await postgres_server.create_database()
    async with TelegramServer() as telegram:
        nodes = [_node(folder, number, url, telegram) for number in (1, 2)]
        async with nodes[0], nodes[1]:
            await asyncio.gather(*(node.start() for node in nodes))
            nginx = running(folder / "nginx", [node.port for node in nodes])
            try:
                yield Site(nodes, nginx, telegram, folder, url)
            finally:
                nginx.stop()
    await postgres_server.drop_database(url)


def running(folder: Path, ports: list[int], *, one_pool: bool = False) -> Nginx:
    """An nginx before what listens on these ports."""
    folder.mkdir()
    nginx = Nginx(folder, ports, one_pool=one_pool)
    nginx.start()
    return nginx


def _node(folder: Path, number: int, url: str, telegram: TelegramServer) -> Shop:
    own = folder / f"node{number}"
    own.mkdir()
    settings = {
        "server": {"trusted_proxies": ["127.0.0.1"]},
        "storage": {"path": str(folder / "files")},
        "limits": {"messages_per_10s": 1_000_000, "file_mb": FILE_MB, "image_mb": FILE_MB},
    }
    return Shop(own, url, (telegram.token, telegram.base), settings=settings)
