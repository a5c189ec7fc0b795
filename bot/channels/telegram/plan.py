"""Decides, purely, with which Bot API calls one wire is sent; most wires are one call."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from bot.channels.telegram.profile import CAPABILITIES
from bot.core.errors import BadInput
from bot.core.message import GIF, Attachment, Button, Wire

#: What Telegram shows as a picture; a GIF would lose its movement there.
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
#: As what it takes a file.
Sort = Literal["photo", "animation", "document"]

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A text with its buttons."""

    text: str
    rows: Rows = ()


@dataclass(frozen=True, slots=True)
class Files:
    """One file, or an album of up to ten that are all pictures or all documents; an animation stands alone."""

    files: tuple[Attachment, ...]
    sort: Sort
    caption: str = ""
    rows: Rows = ()  # only under a single file: an album cannot have buttons


Call = Words | Files


def plan(wire: Wire) -> tuple[Call, ...]:
    """The calls in order. Telegram keeps pictures and documents in albums of their own."""
    if not wire.files:
        if not wire.text.strip():
            raise BadInput("a Telegram message needs a text or a file")
        return (Words(wire.text, wire.rows),)
    albums = _albums(wire.files)
    alone = len(wire.files) == 1
    if _utf16(wire.text) > CAPABILITIES.caption_limit or (wire.rows and not alone):
        return (*albums, Words(wire.text or "⬆️", wire.rows))
    first = Files(albums[0].files, albums[0].sort, wire.text, wire.rows)
    return (first, *albums[1:])


def _albums(files: tuple[Attachment, ...]) -> list[Files]:
    return [
        Files(alike[start : start + most], sort)
        for sort, run in groupby(files, _sort)
        for alike, most in [(tuple(run), 1 if sort == "animation" else CAPABILITIES.files_per_message)]
        for start in range(0, len(alike), most)
    ]


def _sort(file: Attachment) -> Sort:
    if file.media_type == GIF:
        return "animation"
    is_picture = file.media_type in PICTURES and file.size <= CAPABILITIES.image_bytes
    return "photo" if is_picture else "document"


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
