"""A way to a server that can be cut, go deaf, dribble, answer in the server's place, or lose an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from tests.servers import free_port


class Proxy:
    """Listens on a port of its own and passes bytes on to `target`, another port of this machine."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.is_deaf = False  # connections stay open, and nothing of what is said arrives
        self.is_away = False  # whoever connects is cut off at once
        self.pace = 0  # bytes a second of each answer; 0: as they come
        self.answer = b""  # what everybody hears who says anything, before the connection ends
        self.loses: Callable[[bytes], bool] = lambda _: False  # an answer that is lost, and its connection with it
        self._target = target
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if self.is_away:
            writer.transport.abort()
            return
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, to_writer}
        self._start(self._asks(reader, to_writer, writer))
        self._start(self._answers(to_reader, writer, to_writer))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)

    async def _asks(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if self.answer:
                    client.write(self.answer)
                    await client.drain()
                    client.close()
                    break
                if not self.is_deaf:
                    sink.write(data)
                    await sink.drain()
        sink.close()

    async def _answers(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if self.loses(data):
                    sink.transport.abort()
                    server.transport.abort()
                    return
                if not self.is_deaf:
                    await self._tell(sink, data)
        sink.close()

    async def _tell(self, sink: asyncio.StreamWriter, data: bytes) -> None:
        step = max(1, self.pace // 20) if self.pace else len(data)
        for start in range(0, len(data), step):
            if sink.is_closing():
                return
            sink.write(data[start : start + step])
            await sink.drain()
            if self.pace:
                await asyncio.sleep(step / self.pace)

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
