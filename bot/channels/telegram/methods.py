"""The Bot API methods that Parley calls, with answers read only as far as somebody needs them.

aiogram's own methods return whole validated messages; validating one costs more than sending it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile
from pydantic import BaseModel

from bot.core.errors import ParleyError


class Photo(BaseModel):
    """One size of a sent photo."""

    file_id: str


class Receipt(BaseModel):
    """What is read of a sent `Message`: its id, and the id to send its file again by."""

    message_id: int
    photo: tuple[Photo, ...] = ()
    document: Photo | None = None  # of an animation, too

    @property
    def file_id(self) -> str:
        """Empty when the message has no file."""
        if self.photo:
            return self.photo[-1].file_id
        return self.document.file_id if self.document else ""


class SendPhoto(TelegramMethod[Receipt]):
    """https://core.telegram.org/bots/api#sendphoto"""

    __returning__ = Receipt
    __api_method__ = "sendPhoto"

    chat_id: str
    photo: InputFile | str
    caption: str | None = None
    reply_markup: dict[str, Any] | None = None


class SendDocument(TelegramMethod[Receipt]):
    """https://core.telegram.org/bots/api#senddocument"""

    __returning__ = Receipt
    __api_method__ = "sendDocument"

    chat_id: str
    document: InputFile | str
    caption: str | None = None
    reply_markup: dict[str, Any] | None = None


class SendAnimation(TelegramMethod[Receipt]):
    """https://core.telegram.org/bots/api#sendanimation"""

    __returning__ = Receipt
    __api_method__ = "sendAnimation"

    chat_id: str
    animation: InputFile | str
    caption: str | None = None
    reply_markup: dict[str, Any] | None = None


class SendAlbum(TelegramMethod[list[Receipt]]):
    """https://core.telegram.org/bots/api#sendmediagroup"""

    __returning__ = list[Receipt]
    __api_method__ = "sendMediaGroup"

    chat_id: str
    media: list[dict[str, Any]]


class PullUpdates(TelegramMethod[list[Any]]):
    """https://core.telegram.org/bots/api#getupdates, left as JSON: reading is the parser's."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int
    timeout: int
    allowed_updates: list[str]


class Upload(InputFile):
    """Streams a file. `failure` keeps why our side could not be read; aiohttp would hide it."""

    def __init__(self, name: str, open_chunks: Callable[[], AsyncIterator[bytes]]) -> None:
        super().__init__(filename=name)
        self._open = open_chunks
        self.failure: ParleyError | None = None

    async def read(self, bot: Bot) -> AsyncGenerator[bytes, None]:  # noqa: ARG002  # aiogram's signature
        try:
            async for chunk in self._open():
                yield chunk
        except ParleyError as error:
            self.failure = error
            raise
