"""Takes a stranger's file in: its size limited, its real type found, its picture redrawn, its bytes in the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Protocol

from bot.core.errors import BadInput, ParleyError
from bot.core.message import FileKind
from bot.core.ports import Storage, StoredFile

Picture = Callable[[bytes], bytes]


class MediaType(Protocol):
    """What a file really is."""

    @property
    def mime(self) -> str: ...
    @property
    def kind(self) -> FileKind: ...
    @property
    def extension(self) -> str: ...


class Media(Protocol):
    """What filing needs to know about files; the module `bot.storage.media` is one."""

    @property
    def HEAD(self) -> int: ...  # noqa: N802 - how many first bytes `sniff` wants
    @property
    def sniff(self) -> Callable[[bytes, str | None], MediaType]: ...
    @property
    def safe_name(self) -> Callable[[str], str]: ...
    @property
    def display_image(self) -> Picture: ...
    @property
    def thumbnail(self) -> Picture: ...
    @property
    def plain_image(self) -> Picture: ...
    @property
    def draw(self) -> Callable[[Picture, bytes], Awaitable[bytes]]: ...


NewKey = Callable[[str, datetime, str], str]
"""`new_key(kind, now, extension)`: a fresh key of the store."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes."""

    image: int
    file: int


@dataclass(frozen=True, slots=True)
class Filed:
    """A file that is in the store; `display_key` and `thumb_key` only for pictures that could be redrawn."""

    kind: FileKind
    name: str
    stored: StoredFile
    display_key: str = ""
    thumb_key: str = ""
    width: int = 0
    height: int = 0

    @property
    def keys(self) -> tuple[str, ...]:
        """What to delete when nobody wants it after all."""
        return tuple(key for key in (self.stored.key, self.display_key, self.thumb_key) if key)


class Filing:
    """One for a process: at most three pictures are held in memory at a time."""

    def __init__(self, storage: Storage, media: Media, new_key: NewKey) -> None:
        self._storage = storage
        self._media = media
        self._new_key = new_key
        self._pictures = asyncio.Semaphore(3)

    async def keep(self, chunks: AsyncIterator[bytes], *, name: str, limits: Limits, now: datetime) -> Filed:
        """Store a stream. Raises `TooLarge`, `BadInput` if empty, `StorageUnavailable`; then nothing is left."""
        head = await _head(chunks, self._media.HEAD)
        if not head:
            raise BadInput("this file is empty")
        kind = self._media.sniff(head[: self._media.HEAD], name)
        if kind.kind == "image":
            return await self._keep_image(kind, head, chunks, name, limits, now)
        stored = await self._put(kind, _joined(head, chunks), limits.file, now)
        return Filed(kind.kind, self._media.safe_name(name), stored)

    async def discard(self, filed: Filed) -> None:
        """Delete what `keep` stored."""
        for key in filed.keys:
            with suppress(ParleyError):
                await self._storage.delete(key)

    async def as_jpeg(self, key: str) -> bytes:
        """A stored picture in the form that every platform shows. Raises `BadInput`, `FileMissing`."""
        data = b"".join([chunk async for chunk in self._storage.open(key)])
        async with self._pictures:
            return await self._media.draw(self._media.plain_image, data)

    async def _keep_image(
        self, kind: MediaType, head: bytes, chunks: AsyncIterator[bytes], name: str, limits: Limits, now: datetime
    ) -> Filed:
        # Stored first and read back: somebody whose picture hardly comes must not keep others from the few places.
        stored = await self._put(kind, _joined(head, chunks), limits.image, now)
        safe = self._media.safe_name(name)
        try:
            async with self._pictures:
                data = b"".join([chunk async for chunk in self._storage.open(stored.key)])
                return await self._redrawn(data, Filed("image", safe, stored), now)
        except BadInput:
            # A picture that cannot be redrawn is never shown: it can still be fetched as a file.
            return Filed("file", safe, stored)
        except BaseException:
            await self._storage.delete(stored.key)
            raise

    async def _redrawn(self, data: bytes, filed: Filed, now: datetime) -> Filed:
        display = await self._media.draw(self._media.display_image, data)
        thumb = await self._media.draw(self._media.thumbnail, display)
        width, height = _dimensions(display)
        shown, small = [await self._keep_drawn(picture, now) for picture in (display, thumb)]
        return Filed("image", filed.name, filed.stored, shown.key, small.key, width, height)

    async def _keep_drawn(self, picture: bytes, now: datetime) -> StoredFile:
        kind = self._media.sniff(picture[: self._media.HEAD], None)
        return await self._put(kind, _once(picture), len(picture), now)

    async def _put(self, kind: MediaType, chunks: AsyncIterator[bytes], limit: int, now: datetime) -> StoredFile:
        key = self._new_key(kind.kind, now, kind.extension)
        return await self._storage.put(key, chunks, media_type=kind.mime, limit=limit)


async def _head(chunks: AsyncIterator[bytes], size: int) -> bytes:
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= size:
            break
    return head


async def _joined(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _dimensions(picture: bytes) -> tuple[int, int]:
    # Pillow costs 60 ms to import: only once a picture comes.
    from PIL import Image

    with Image.open(BytesIO(picture)) as image:
        return image.size
