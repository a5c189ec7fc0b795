"""Keys are generated, never made of names, and cannot point outside their store."""

from __future__ import annotations

import base64
import re
import secrets
from datetime import datetime

MAX_KEY = 200  # with a shard folder and a prefix it stays below every store's and file system's limit
_SHAPE = re.compile(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)*")
_WORD = re.compile(r"[a-z0-9_]{1,20}")


def new_key(kind: str, now: datetime, extension: str = "") -> str:
    """A fresh key such as `image/2026/11/k5v2…q4.jpg`: 128 random bits under the kind and month.

    `kind` and `extension` come from our own tables (`sniff`), never from a sender; ValueError otherwise.
    """
    for word in (kind, extension or "none"):
        if not _WORD.fullmatch(word):
            raise ValueError(f"{word!r} cannot be part of a key")
    random = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
    return f"{kind}/{now:%Y/%m}/{random}" + (f".{extension}" if extension else "")


def check_key(key: str) -> str:
    """Give the key back, or raise ValueError for one that no generator of ours makes."""
    if len(key) > MAX_KEY or not _SHAPE.fullmatch(key):
        raise ValueError(f"{key[:60]!r} is not a storage key")
    if any(part.strip(".") == "" for part in key.split("/")):
        raise ValueError(f"{key[:60]!r} is not a storage key: it walks through folders")
    return key
