"""A shop of two nodes on one PostgreSQL with a real nginx before them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.shop import Shop
from tests.kit.nginx import Nginx
from tests.kit.telegram_server import TelegramServer

FILE_MB = 2


@dataclass
class Site:
    """The nodes, what is before them, and the platform that they talk to."""

    nodes: list[Shop]
    nginx: Nginx
    telegram: TelegramServer
    folder: Path
    database: str
    told: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))  # by person, in other tests

    def shown(self) -> dict[int, list[str]]:
        """What everybody sees of the answers, without the word `echo`."""
        users = self.telegram.chats.users
        return {id_: [one.text.removeprefix("echo ") for one in user.shown] for id_, user in users.items()}


def running(folder: Path, ports: list[int], *, one_pool: bool = False) -> Nginx:
    """An nginx before what listens on these ports."""
    folder.mkdir()
    nginx = Nginx(folder, ports, one_pool=one_pool)
    nginx.start()
    return nginx


def node(folder: Path, number: int, url: str, telegram: TelegramServer) -> Shop:
    own = folder / f"node{number}"
    own.mkdir()
    settings: dict[str, dict[str, object]] = {
        "server": {"trusted_proxies": ["127.0.0.1"]},
        "storage": {"path": str(folder / "files")},
        "limits": {"messages_per_10s": 1_000_000, "file_mb": FILE_MB, "image_mb": FILE_MB},
    }
    return Shop(own, url, (telegram.token, telegram.base), settings=settings)
