"""Finds the words and the files of a mail, whatever the shape of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from itertools import islice
from typing import Any

from bot.channels.email import markup
from bot.channels.email.charsets import as_text
from bot.channels.email.headers import Mail, clean, file_name, parameter, raw
from bot.core.message import FileKind

#: Where Outlook's plain words show that a picture stands there.
_CID = re.compile(r"\[cid:[^\]\s]{1,200}\]")
#: A picture that stands within the page itself says nothing, and is as long as a book.
_DATA = re.compile(r"data:[^\"'\s<>)]{64,}")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+_-]{1,50}/[a-z0-9.+_-]{1,80}")

MOST_PARTS = 200
MOST_DEPTH = 20
MOST_FILES = 30
#: Characters of all of a mail that are looked at.
MOST_WORDS, MOST_HTML = 400_000, 500_000

#: What only a mail program needs.
_SEALS = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"})
_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "text/calendar": "ics",
}


@dataclass(frozen=True, slots=True)
class File:
    """A part that is a file: the `number`-th of its mail. `content_id` is set where the text shows it in its place."""

    number: int
    kind: FileKind
    name: str
    media_type: str
    content_id: str
    part: Mail

    def content(self) -> bytes:
        """Its bytes, decoded."""
        held: Any = self.part.get_payload()
        if isinstance(held, list):  # a mail within the mail
            return b"\n".join(one.as_bytes() for one in held if isinstance(one, Message))
        data: Any = self.part.get_payload(decode=True)
        return data if isinstance(data, bytes) else b""


@dataclass(frozen=True, slots=True)
class Body:
    """`new` is without what HTML marks as quoted, `whole` is all; `shown` are the pictures among what is new.

    `is_cut`: there are more words, files or parts than are looked at.
    """

    new: str
    whole: str
    shown: frozenset[str]
    files: tuple[File, ...]
    is_cut: bool = False

    def pictures_of(self, new: str, *, is_forward: bool) -> frozenset[str]:
        """Which pictures in the text belong to what is new; those of signatures and old mails do not."""
        everything = frozenset(file.content_id for file in self.files)
        return everything if is_forward or not new else self.shown & everything


def read(mail: Mail) -> Body:
    """The words and the files of a mail."""
    leaves = list(islice(_leaves(mail, 0), MOST_PARTS + 1))
    is_cut = len(leaves) > MOST_PARTS
    plain = [part for part in leaves if _is_words(part, "text/plain")]
    marked = [part for part in leaves if _is_words(part, "text/html")]
    files = _files([part for part in leaves if part not in plain and part not in marked])
    said = "\n\n".join(filter(None, (_tidy(_words(part)) for part in plain)))
    written = [_DATA.sub("data:", _words(part)) for part in marked]
    is_cut |= len(said) > MOST_WORDS or sum(map(len, written)) > MOST_HTML or len(files) > MOST_FILES
    said, files = said[:MOST_WORDS], files[:MOST_FILES]
    pages = list(_pages(written))
    shown = frozenset(one for page in pages for one in page.pictures)
    if not pages:
        shown = frozenset(file.content_id for file in files)
    # The words that a mail program made of HTML come second: they do not tell where the history begins.
    new = "\n\n".join(filter(None, (page.words for page in pages)))
    whole = said or "\n\n".join(filter(None, (page.whole for page in pages)))
    return Body(said if _is_better(said, new) else new, whole, shown, files, is_cut)


def _pages(parts: list[str]) -> Iterator[markup.Read]:
    """What each of them says, as far as one mail may keep us busy."""
    left = MOST_HTML
    for html in parts:
        yield markup.read(html[:left])
        left -= len(html[:left])


def _is_better(plain: str, new: str) -> bool:
    """Plain words are as they were typed; only where they hold a history that HTML knows of, they are not taken."""
    return bool(plain) and (not new or len(plain.split()) <= len(new.split()) + 3 or _holds_marks(plain))


def _holds_marks(plain: str) -> bool:
    return any(line.startswith(">") for line in plain.split("\n"))


def _leaves(part: Mail, depth: int) -> Iterator[Mail]:
    """The parts that hold something, in order; of alternatives the plain words, and what is more than words."""
    held: Any = part.get_payload()
    if part.get_content_type() == "message/rfc822" or not isinstance(held, list) or depth > MOST_DEPTH:
        if part.get_content_type() not in _SEALS:
            yield part
        return
    for inner in held:
        if isinstance(inner, Message):
            yield from _leaves(inner, depth + 1)


def _is_words(part: Mail, kind: str) -> bool:
    disposition = clean(raw(part, "content-disposition")).lower()
    return part.get_content_type() == kind and not disposition.startswith("attachment") and not file_name(part)


def _words(part: Mail) -> str:
    data: Any = part.get_payload(decode=True)
    return as_text(data, parameter(part, "charset")) if isinstance(data, bytes) else ""


def _tidy(text: str) -> str:
    """Lines as they are everywhere; what is no character of a text is left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").replace("\x00", "")
    return _CID.sub("", text).encode("utf-8", "replace").decode().strip("\n\ufeff ")


def _files(parts: list[Mail]) -> tuple[File, ...]:
    found = []
    for number, part in enumerate(part for part in parts if not _is_empty(part)):
        media_type = _media_type(part)
        kind: FileKind = "image" if media_type.startswith("image/") and media_type != "image/svg+xml" else "file"
        content_id = clean(raw(part, "content-id")).strip("<> ") if kind == "image" else ""
        found.append(File(number, kind, file_name(part) or _named(media_type, number), media_type, content_id, part))
    return tuple(found)


def _media_type(part: Mail) -> str:
    told = part.get_content_type()
    return told if _MEDIA_TYPE.fullmatch(told) else "application/octet-stream"


def _named(media_type: str, number: int) -> str:
    extension = "eml" if media_type == "message/rfc822" else _EXTENSIONS.get(media_type, "bin")
    return f"file-{number + 1}.{extension}"


def _is_empty(part: Mail) -> bool:
    held: Any = part.get_payload()
    return not held
