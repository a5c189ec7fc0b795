"""The real servers of the programme of faults: each is started when somebody first asks, and ends with the block."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import Bucket, MariaDb, ObjectStore, Postgres, Server, Valkey


@dataclass
class RealServers:
    """Databases, Valkey and a store, as far as anybody wants them."""

    _ends: ExitStack = field(default_factory=ExitStack)
    _running: dict[type[Server], Server] = field(default_factory=dict)

    def __enter__(self) -> RealServers:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    async def bucket(self) -> Bucket:
        """An empty bucket."""
        server = self._server(ObjectStore)
        assert isinstance(server, ObjectStore)
        return await server.create_bucket()

    async def valkey(self) -> Valkey:
        """Empty."""
        server = self._server(Valkey)
        assert isinstance(server, Valkey)
        return server

    async def database(self, kind: str) -> str:
        """The URL of an empty database on "postgres" or "mariadb"."""
        server = self._server(Postgres if kind == "postgres" else MariaDb)
        assert isinstance(server, Postgres | MariaDb)
        return await server.create_database()

    def _server(self, kind: type[Server]) -> Server:
        if kind not in self._running:
            folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory()))
            folder.chmod(0o755)  # the databases run as another user
            server = kind(folder)
            self._ends.callback(server.stop)
            server.start()
            self._running[kind] = server
        return self._running[kind]
