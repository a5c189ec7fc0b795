"""Gives X our files: a picture in one call, what moves piece by piece, which X then prepares before it can be sent.

https://docs.x.com/x-api/media/quickstart/media-upload-chunked
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from bot.channels._reading import Json
from bot.channels.x.settings import CAPABILITIES
from bot.core.errors import ChannelUnavailable, TooLarge, Unshown
from bot.core.message import GIF, Attachment
from bot.core.ports import OpenFile
from bot.http import Upload

Sleep = Callable[[float], Awaitable[None]]

#: What X prepares before it can be sent, and as what.
PREPARED = {"video/mp4": "dm_video", GIF: "dm_gif"}
#: Bytes of one piece; X takes five million.
PIECE = 4 * 1024 * 1024
#: How often X is asked whether it has prepared a film, and how many seconds lie between at most.
LOOKS, LONGEST_LOOK = 5, 5.0


class Call(Protocol):
    """One signed call; what X answered, in its JSON. Raises as `Channel.send`."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        json: Json | None = None,
        form: dict[str, str] | None = None,
        upload: Upload | None = None,
    ) -> Awaitable[Json]: ...


class Uploads:
    """One account's."""

    def __init__(self, call: Call, open_file: OpenFile, sleep: Sleep) -> None:
        self._call = call
        self._open_file = open_file
        self._sleep = sleep

    async def give(self, file: Attachment) -> str:
        """The id of a file at X, good for a day. Raises as `Channel.send`, `TooLarge` and `Unshown`."""
        if category := PREPARED.get(file.media_type):
            return await self._in_pieces(file, category)
        if not file.media_type.startswith("image/"):
            raise Unshown("X shows pictures and MP4")
        if file.size > CAPABILITIES.image_bytes:
            raise TooLarge(CAPABILITIES.image_bytes)
        upload = Upload("media", file.name or "picture", file.media_type, self._open_file(file))
        return media_id(await self._call("POST", "/2/media/upload", form={"media_category": "dm_image"}, upload=upload))

    async def is_prepared(self, media: str) -> None:
        """Wait a little until it can be sent. Raises `ChannelUnavailable` while it cannot, `Unshown` if never."""
        for look in range(LOOKS):
            told = await self._call("GET", f"/2/media/upload?command=STATUS&media_id={media}")
            progress = _inner(_inner(told, "data"), "processing_info")
            state, after = progress.get("state", "succeeded"), progress.get("check_after_secs")
            if state == "succeeded":
                return
            if state == "failed":
                raise Unshown("X cannot play this")
            if look < LOOKS - 1:
                await self._sleep(min(LONGEST_LOOK, after if type(after) is int and after > 0 else 1.0))
        raise ChannelUnavailable("X still prepares a file", after=LONGEST_LOOK)

    async def _in_pieces(self, file: Attachment, category: str) -> str:
        asked: Json = {"media_type": file.media_type, "total_bytes": file.size, "media_category": category}
        media = media_id(await self._call("POST", "/2/media/upload/initialize", json=asked))
        number = 0
        async for piece in _pieces(self._open_file(file)):
            upload, form = Upload("media", "piece", "application/octet-stream", piece), {"segment_index": str(number)}
            await self._call("POST", f"/2/media/upload/{media}/append", form=form, upload=upload)
            number += 1
        await self._call("POST", f"/2/media/upload/{media}/finalize")
        return media


async def _pieces(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)


def media_id(said: Json) -> str:
    """Digits, which stand in addresses. Raises `ChannelUnavailable` for anything else."""
    found = _inner(said, "data").get("id")
    if not isinstance(found, str) or not found.isascii() or not found.isdigit():
        raise ChannelUnavailable("X answered what cannot be read")
    return found


def _inner(told: Json, name: str) -> Json:
    found = told.get(name)
    return found if isinstance(found, dict) else {}
