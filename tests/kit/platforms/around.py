"""What a channel account is given besides its settings, in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic

from bot.channels._account import Around
from bot.core.ports import Address, Notes, OpenCalls, OpenFile, no_address
from bot.edge.posting import Poster


class MemoryNotes:
    """Notes of one process; `ahead` makes them older."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds that the notes' clock is ahead of the real one
        self._notes: dict[str, tuple[str, float | None]] = {}
        self._claims: dict[str, float] = {}

    async def get(self, name: str) -> str:
        text, until = self._notes.get(name, ("", None))
        return "" if until is not None and until <= self._now() else text

    async def put(self, name: str, text: str, seconds: float | None = None) -> None:
        self._notes[name] = (text, None if seconds is None else self._now() + seconds)

    async def claim(self, name: str, seconds: float) -> bool:
        if self._claims.get(name, 0.0) > self._now():
            return False
        self._claims[name] = self._now() + seconds
        return True

    async def release(self, name: str) -> None:
        self._claims.pop(name, None)

    def _now(self) -> float:
        return monotonic() + self.ahead


class HeldCalls:
    """Webhook calls that are held open, one for each person: the newest."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, bytes]] = []
        self._open: dict[str, asyncio.Future[bytes]] = {}

    async def give(self, recipient: str, key: str, said: bytes) -> bool:
        call = self._open.pop(recipient, None)
        if call is None or call.done():
            return False
        self.given.append((recipient, key, said))
        call.set_result(said)
        return True

    async def said(self, people: Iterable[str], seconds: float) -> bytes:
        """What is given to one of these people within so long; b"" for nothing."""
        call: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._open |= dict.fromkeys(people, call)
        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError:
            return b""
        finally:
            self._open = {person: other for person, other in self._open.items() if other is not call}


def around(
    account: str,
    open_file: OpenFile,
    *,
    notes: Notes | None = None,
    calls: OpenCalls | None = None,
    hook: str = "https://shop.example/hooks/{account}",
    link: Address = no_address,
    preview: Address = no_address,
) -> Around:
    """An account's surroundings; its secret is made of nothing secret."""
    return Around(
        account=account,
        hook=hook.format(account=account),
        open_file=open_file,
        posts=Poster,
        notes=notes or MemoryNotes(),
        calls=calls or HeldCalls(),
        secret="5e" * 32,
        link=link,
        preview=preview,
    )
