"""Read-only connections to the SQLite file, so that what is read waits for no commit.

They never write and never make a checkpoint: one connection alone does (`sqlite_client`), since SQLite before 3.51.3
can damage its write-ahead log when two do.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

T = TypeVar("T")

COUNT = 2
#: One more second than a checkpoint of the largest log takes, milliseconds.
PATIENCE = 5000


class Readers:
    """A thread and a connection each; both come with their first work."""

    def __init__(self, path: Path) -> None:
        self._uri = f"file:{quote(str(path.resolve()))}?mode=ro"
        self._mine = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._threads = ThreadPoolExecutor(COUNT, thread_name_prefix="reader")

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What `read` returns; it sees every commit that was confirmed before."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._in_thread, read)

    def _in_thread(self, read: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._mine, "connection", None)
        if connection is None:
            connection = self._mine.connection = self._connect()
        return read(connection)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        for pragma in ("query_only=1", f"busy_timeout={PATIENCE}", "cache_size=-8000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        self._open.append(connection)
        return connection

    def close(self) -> None:
        """After the last reading."""
        self._threads.shutdown(wait=True)
        for connection in self._open:
            connection.close()
        self._open.clear()
