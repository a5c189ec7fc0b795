"""A way to a server that is slow, that ends wherever somebody asks for a certain thing, or that changes what is said.

async with SlowWay(server.mailbox.port, bytes_per_second=1_000_000) as way:
    ...  # connect to way.port
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

_CHUNK = 20_000


class SlowWay:
    """`breaks_at` are words of the client at which the connection ends; `broke` counts them.

    `edits` changes what the server says; `longest` is the largest piece that the client said at once, in bytes.
    """

    def __init__(self, to: int, *, bytes_per_second: float = math.inf) -> None:
        self.port = 0
        self.breaks_at: set[bytes] = set()
        self.broke: Counter[bytes] = Counter()
        self.edits: Callable[[bytes], bytes] = bytes
        self.longest = 0
        self._to = to
        self._rate = bytes_per_second
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            ways = {
                asyncio.ensure_future(self._forth(reader, server_writer)),
                asyncio.ensure_future(self._back(server_reader, writer)),
            }
            _, others = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            server_writer.transport.abort()
            writer.transport.abort()
            self._tasks.discard(task)

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            self.longest = max(self.longest, len(data))
            if found := [words for words in self.breaks_at if words in data]:
                self.broke.update(found)
                return
            writer.write(data)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            writer.write(self.edits(data))
            await writer.drain()
            await asyncio.sleep(len(data) / self._rate)
