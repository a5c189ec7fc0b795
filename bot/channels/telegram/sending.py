"""Sends one wire: its calls in order, its files streamed, and uploaded once while remembered."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from aiogram.methods import TelegramMethod
from aiogram.types import InputFile

from bot.channels.telegram.client import TelegramClient
from bot.channels.telegram.methods import (
    Receipt,
    SendAlbum,
    SendAnimation,
    SendDocument,
    SendPhoto,
    Upload,
)
from bot.channels.telegram.plan import Files, Rows, Sort, Words, plan
from bot.core.errors import BadInput
from bot.core.message import Attachment, Button, Wire
from bot.core.ports import OpenFile

K = TypeVar("K")
V = TypeVar("V")

MOST_REMEMBERED = 4096
#: Telegram's words for a picture that it cannot show; it can still be sent as a document.
_NO_PICTURE = re.compile("PHOTO_INVALID|PHOTO_SAVE_FILE|IMAGE_PROCESS_FAILED|too big for a photo")
#: Telegram's words for a file id that it does not know any more.
_NO_FILE = re.compile("wrong (remote )?file.?id|FILE_REFERENCE|wrong file identifier", re.IGNORECASE)


class Sender:
    """`open_file` gives the bytes of an attachment."""

    def __init__(self, client: TelegramClient, open_file: OpenFile) -> None:
        self._client = client
        self._open_file = open_file
        self._done: OrderedDict[str, int] = OrderedDict()
        self._file_ids: OrderedDict[tuple[int, Sort], str] = OrderedDict()

    async def send(self, recipient: str, wire: Wire, key: str) -> str:
        """The id of the last message. Under the same `key` it goes on with the call that failed."""
        calls = plan(wire)
        message = ""
        for number in range(self._done.get(key, 0), len(calls)):
            call = calls[number]
            if isinstance(call, Words):
                message = await self._words(recipient, call)
            else:
                message = await self._files(recipient, call)
            if len(calls) > 1:
                _remember(self._done, key, number + 1)
        return message

    async def _words(self, recipient: str, words: Words) -> str:
        return await self._client.send_text(recipient, words.text, _keyboard(words.rows))

    async def _files(self, recipient: str, files: Files) -> str:
        try:
            receipts = await self._upload(recipient, files)
        except BadInput as error:
            other = self._otherwise(files, str(error))
            if other is None:
                raise
            files = other
            receipts = await self._upload(recipient, files)
        for file, receipt in zip(files.files, receipts, strict=False):
            if receipt.file_id:
                _remember(self._file_ids, (file.id, files.sort), receipt.file_id)
        return str(receipts[-1].message_id)

    def _otherwise(self, files: Files, refusal: str) -> Files | None:
        """How else the same files may pass; Telegram refused them for good, so nothing doubles."""
        if files.sort == "photo" and _NO_PICTURE.search(refusal):
            return replace(files, sort="document")
        if _NO_FILE.search(refusal):
            for file in files.files:
                self._file_ids.pop((file.id, files.sort), None)
            return files
        return None

    async def _upload(self, recipient: str, files: Files) -> list[Receipt]:
        if len(files.files) > 1:
            media = [self._medium(file, files, first=n == 0) for n, file in enumerate(files.files)]
            return await self._client.call(SendAlbum(chat_id=recipient, media=media))
        content = self._content(files.files[0], files)
        return [await self._client.call(_method(files, recipient, content))]

    def _medium(self, file: Attachment, files: Files, *, first: bool) -> dict[str, Any]:
        medium: dict[str, Any] = {
            "type": files.sort,
            "media": self._content(file, files),
        }
        if first and files.caption:
            medium["caption"] = files.caption
        return medium

    def _content(self, file: Attachment, files: Files) -> InputFile | str:
        known = self._file_ids.get((file.id, files.sort))
        return known or Upload(file.name or "file", partial(self._open_file, file))


def _method(files: Files, recipient: str, content: InputFile | str) -> TelegramMethod[Receipt]:
    caption, markup = files.caption or None, _keyboard(files.rows)
    match files.sort:
        case "photo":
            return SendPhoto(chat_id=recipient, photo=content, caption=caption, reply_markup=markup)
        case "animation":
            return SendAnimation(chat_id=recipient, animation=content, caption=caption, reply_markup=markup)
        case "document":
            return SendDocument(chat_id=recipient, document=content, caption=caption, reply_markup=markup)


def _keyboard(rows: Rows) -> dict[str, Any] | None:
    if not rows:
        return None
    return {"inline_keyboard": [[_button(button) for button in row] for row in rows]}


def _button(button: Button) -> dict[str, str]:
    shown = {"text": button.label}
    if button.style:
        shown["style"] = button.style
    return shown | ({"url": button.url} if button.url else {"callback_data": button.data})


def _remember(memory: OrderedDict[K, V], key: K, value: V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_REMEMBERED:
        memory.popitem(last=False)
