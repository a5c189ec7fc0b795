"""A stream on its way in is counted, hashed, limited and cut into blocks, one block in memory."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, TypeVar

from bot.core.errors import TooLarge
from bot.core.ports import StoredFile

T = TypeVar("T")


class Intake:
    """Knows, once its blocks were read, what the whole file was."""

    def __init__(self, key: str, media_type: str, limit: int) -> None:
        self._key = key
        self._media_type = media_type
        self._limit = limit
        self._size = 0
        self._hash = hashlib.sha256()

    async def blocks(self, chunks: AsyncIterator[bytes], size: int) -> AsyncGenerator[tuple[bytes, bool], None]:
        """Blocks of exactly `size` bytes, the last shorter or equal, each with whether it is the last.

        An empty stream is one empty block. Raises `TooLarge` as soon as the limit is passed. The source
        stays the caller's to close.
        """
        buffer = bytearray()
        async for chunk in chunks:
            self._count(chunk)
            rest = memoryview(chunk)
            while len(buffer) + len(rest) > size:  # only the byte after a block proves that it is not the last
                room = size - len(buffer)
                buffer += rest[:room]
                rest = rest[room:]
                yield _take(buffer), False
            buffer += rest
        yield _take(buffer), True

    def stored(self) -> StoredFile:
        """What was read, for the row that will refer to it."""
        return StoredFile(self._key, self._size, self._hash.hexdigest(), self._media_type)

    def _count(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(self._limit)
        self._hash.update(chunk)


def _take(buffer: bytearray) -> bytes:
    """Empty the buffer at once: while the block is used, it is the only one in memory."""
    block = bytes(buffer)
    buffer.clear()
    return block


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await `work` to its end even when cancelled meanwhile; the cancellation is raised afterwards.

    A thread that writes cannot be stopped: whoever cleans up after it must come after it.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # read, so that asyncio does not report it as forgotten
    raise cancelled
