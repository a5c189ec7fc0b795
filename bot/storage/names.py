"""A sender's file name becomes harmless on every system, and fits a header."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

MAX_NAME = 150  # bytes of UTF-8
_MAX_EXTENSION = 16
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # not allowed in names on Windows
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
# Control, format (text direction, zero width), surrogate, line and paragraph separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def safe_name(name: str) -> str:
    """The last part of a path, without hidden characters, at most `MAX_NAME` bytes; `file` if nothing is left.

    Never empty, hidden, reserved on Windows, nor made to look like another type by writing direction.
    """
    base = re.split(r"[/\\]", name)[-1]
    seen = "".join(" " if char.isspace() else char for char in base if char.isspace() or not _is_hidden(char))
    tidy = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", " ".join(seen.split()))).strip(" .")
    if _RESERVED.fullmatch(tidy):
        tidy = f"_{tidy}"
    return _shorten(tidy) or "file"


def content_disposition(name: str, *, inline: bool = False) -> str:
    """The header's value for a download (or a view) under this name, in pure ASCII: RFC 6266 and RFC 8187."""
    safe = safe_name(name)
    plain = re.sub(r'[^ -~]|["\\%]', "_", safe)
    value = f'{"inline" if inline else "attachment"}; filename="{plain}"'
    return value if plain == safe else f"{value}; filename*=UTF-8''{quote(safe, safe='')}"


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN


def _shorten(name: str) -> str:
    """Cut the stem between characters and keep the extension."""
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > _MAX_EXTENSION:
        stem, extension = name, ""
    tail = f".{extension}" if extension else ""
    return stem.encode()[: MAX_NAME - len(tail.encode())].decode(errors="ignore").rstrip(" .") + tail
