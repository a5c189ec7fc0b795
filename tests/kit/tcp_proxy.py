"""A way to a server that can be cut, or go deaf: connections stay open, and nothing of what is said arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.servers import free_port


class Proxy:
    """Listens on a port of its own and passes bytes on to `target`, another port of this machine."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.is_deaf = False
        self._target = target
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, to_writer}
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(self._pipe(source, sink))
            self._pipes.add(task)
            task.add_done_callback(self._pipes.discard)

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if not self.is_deaf:
                    sink.write(data)
                    await sink.drain()
        sink.close()

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """End what goes on."""
        self.cut()
        for task in list(self._pipes):
            task.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine."""
    made = Proxy(target)
    server = await asyncio.start_server(made.serve, "127.0.0.1", made.port)
    try:
        yield made
    finally:
        server.close()
        await made.close()
