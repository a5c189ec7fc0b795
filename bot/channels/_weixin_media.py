"""Sends files of ours by their media ids: each is uploaded once, and once more when the platform has forgotten it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic

from bot.channels._weixin_calls import Calls
from bot.core.errors import BadInput
from bot.core.message import Attachment
from bot.core.ports import OpenFile

MOST_REMEMBERED = 4096
#: An upload is kept for three days; seconds, and some for the way.
MEDIA_LASTS = 3 * 86400 - 3600.0
#: The code for an id that the platform does not know any more.
_NO_MEDIA = "40007"


class Uploads:
    """One account's."""

    def __init__(self, calls: Calls, open_file: OpenFile) -> None:
        self._calls = calls
        self._open_file = open_file
        self._known: OrderedDict[tuple[str, int], tuple[str, float]] = OrderedDict()

    async def media_id(self, kind: str, name: str, file: Attachment) -> str:
        """The id of a file at the platform. Raises as `Calls.upload`."""
        known, until = self._known.get((kind, file.id), ("", 0.0))
        if known and until > monotonic():
            return known
        media_id = await self._calls.upload(kind, name, file, self._open_file)
        self._known[kind, file.id] = media_id, monotonic() + MEDIA_LASTS
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return media_id

    async def send(self, kind: str, name: str, file: Attachment, post: Callable[[str], Awaitable[None]]) -> None:
        """`post` a message with the file's media id. Raises as `post`, and as `media_id`."""
        try:
            await post(await self.media_id(kind, name, file))
        except BadInput as error:
            self._known.pop((kind, file.id), None)
            if _NO_MEDIA not in str(error):
                raise
            await post(await self.media_id(kind, name, file))
