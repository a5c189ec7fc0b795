"""Telegram's limits, and its own words for going over them: core.telegram.org/bots/api."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import urlsplit

from PIL import Image, UnidentifiedImageError

Json = dict[str, Any]

MOST_TEXT = 4096
MOST_CAPTION = 1024
MOST_PHOTO = 10 * 1024 * 1024
MOST_UPLOAD = 50 * 1024 * 1024
MOST_DOWNLOAD = 20 * 1024 * 1024
MOST_BUTTONS = 100
MOST_DATA = 64


class Refusal(Exception):
    """An error in Telegram's words."""

    def __init__(self, status: int, words: str, parameters: Json | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.parameters = parameters

    def answer(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.status, "description": self.words}
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def bad(words: str) -> Refusal:
    """A 400 in Telegram's words."""
    return Refusal(400, f"Bad Request: {words}")


def check_upload(kind: str, content: bytes) -> None:
    """Raise `Refusal` for what cannot be sent as `photo` or `document`."""
    if not content:
        raise bad("file must be non-empty")
    if kind != "photo":
        return
    if len(content) > MOST_PHOTO:
        raise bad(f"file of size {len(content)} bytes is too big for a photo; the maximum size is {MOST_PHOTO} bytes")
    width, height = dimensions(content)
    if not width:
        raise bad("IMAGE_PROCESS_FAILED")
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad("PHOTO_INVALID_DIMENSIONS")


def dimensions(content: bytes) -> tuple[int, int]:
    """Width and height of a picture; zeros for what is none."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except (UnidentifiedImageError, OSError):
        return 0, 0


def visible(text: Any, parse_mode: Any) -> str:
    """What is left once entities are parsed and the ends trimmed; limits count that."""
    plain = re.sub(r"<[^>]+>", "", str(text or "")) if parse_mode == "HTML" else str(text or "")
    return plain.strip()


def caption_of(fields: Json) -> str:
    """The caption, within its limit."""
    caption = visible(fields.get("caption"), fields.get("parse_mode"))
    if utf16(caption) > MOST_CAPTION:
        raise bad("message caption is too long")
    return caption


def utf16(text: str) -> int:
    """How long Telegram finds a text."""
    return len(text.encode("utf-16-le")) // 2


def markup_of(fields: Json) -> Json | None:
    """The keyboard, if all its buttons are sound."""
    markup = fields.get("reply_markup")
    if not markup:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    for button in buttons:
        _check_button(button)
    return markup


def _check_button(button: Json) -> None:
    if not button.get("text"):
        raise bad("can't parse inline keyboard button: Can't find field \"text\"")
    kinds = [name for name in ("callback_data", "url") if name in button]
    if len(kinds) != 1:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if kinds == ["callback_data"] and not 1 <= len(button["callback_data"].encode()) <= MOST_DATA:
        raise bad("BUTTON_DATA_INVALID")
    if kinds == ["url"] and not urlsplit(button["url"]).hostname:
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
