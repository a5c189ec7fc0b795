"""Files that people send with their words, and what became of each: in the table, in the store, to the byte."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import Any

from tests.faults import oracle
from tests.kit.telegram_chats import describe
from tests.kit.telegram_server import TelegramServer

Json = dict[str, Any]
ROWS = "SELECT name, state, storage_key, sha256, size FROM attachment ORDER BY id"
LEFT = "SELECT count(*) AS count FROM attachment WHERE state = 'pending'"


class Papers:
    """Every `one_of`-th message carries a document of its own; `sent` has their hashes by name."""

    def __init__(self, server: TelegramServer, one_of: int, size: int = 20_000) -> None:
        self.sent: dict[str, str] = {}
        self._server = server
        self._one_of = one_of
        self._size = size

    def attach(self, text: str, number: int) -> Json:
        """For `Crowd`."""
        if number % self._one_of:
            return {}
        name = f"paper-{len(self.sent)}.txt"
        content = f"{name} {text} ".encode() * (self._size // 20)
        self.sent[name] = hashlib.sha256(content).hexdigest()
        return describe(self._server.chats.keep("document", name, content, "text/plain")) | {"caption": text}

    async def compare(self, url: str, exists: Callable[[str], bytes | None]) -> tuple[list[str], Json]:
        """What is wrong, and figures; `exists` gives the bytes that the store has under a key."""
        rows = await oracle.rows(url, ROWS)
        stored = [row for row in rows if row["state"] == "stored"]
        nowhere = [row for row in stored if exists(row["storage_key"]) is None]
        other = [row for row in stored if _hash(exists(row["storage_key"])) not in (None, self.sent[row["name"]])]
        names = [row["name"] for row in rows]
        counts = {
            "rows point at nothing": len(nowhere),
            "files are not what was sent": len(other),
            "files have no row": len(self.sent.keys() - set(names)),
            "files have two rows": len(names) - len(set(names)),
            "files are neither stored nor failed": sum(row["state"] not in ("stored", "failed") for row in rows),
        }
        return [f"{count} {what}" for what, count in counts.items() if count], {
            "files": len(self.sent),
            "stored": len(stored),
            "failed": sum(row["state"] == "failed" for row in rows),
        }


def _hash(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


async def settled(url: str, patience: float) -> bool:
    """Whether every file is stored or failed in the end, looked up beside the shop that works on them."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        [left] = await oracle.rows(url, LEFT, lock=False)
        if not left["count"]:
            return True
        await asyncio.sleep(0.3)
    return False
