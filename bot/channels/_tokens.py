"""An access token that all nodes share: fetched by one of them, kept sealed, and fetched anew once it is refused."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.channels._account import Around
from bot.core.errors import ChannelUnavailable

Fetch = Callable[[], Awaitable[tuple[str, float]]]
"""A new token and for how many seconds it is valid. Raises `ChannelUnavailable`."""

#: A token is fetched again so many seconds before its end, so that none ends on its way.
EARLY = 300.0
#: How long whoever fetches has for it, and how often others look whether it is there, seconds.
FETCHING, LOOK = 20.0, 0.2


class Refused(Exception):
    """The platform does not take this token any more."""


class Sealed:
    """A note that only who knows the account's secret can read."""

    def __init__(self, around: Around, name: str) -> None:
        self.name = f"{around.account}:{name}"
        self._notes = around.notes
        self._cipher = AESGCM(bytes.fromhex(around.secret))

    async def get(self) -> str:
        """The text; "" for none, and for one that was sealed with another secret."""
        try:
            raw = b64decode(await self._notes.get(self.name))
            return self._cipher.decrypt(raw[:12], raw[12:], self.name.encode()).decode() if raw else ""
        except (InvalidTag, ValueError):
            return ""

    async def put(self, text: str, seconds: float) -> None:
        """Keep it for so long. Raises `DatabaseBusy`."""
        nonce = urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), self.name.encode())
        await self._notes.put(self.name, b64encode(sealed).decode(), seconds)


class SharedToken:
    """One token of an account. `name` tells it from the account's others.

    `renew` is asked where `fetch` gives the very token again that the platform refuses.
    """

    def __init__(self, around: Around, fetch: Fetch, name: str = "token", renew: Fetch | None = None) -> None:
        self._renew = renew
        self._note = Sealed(around, name)
        self._claim = f"{self._note.name}:fetch"
        self._notes = around.notes
        self._fetch = fetch
        self._turn = asyncio.Lock()

    async def get(self, refused: str = "") -> str:
        """A token that is not `refused`. Raises `ChannelUnavailable` when none can be had."""
        async with self._turn:
            until = asyncio.get_running_loop().time() + FETCHING
            while asyncio.get_running_loop().time() < until:
                token = await self._note.get()
                if token and token != refused:
                    return token
                if await self._notes.claim(self._claim, FETCHING):
                    return await self._fetched(refused)
                await asyncio.sleep(LOOK)
        raise ChannelUnavailable("no access token: another node has been fetching it for too long")

    async def _fetched(self, refused: str) -> str:
        try:
            token, seconds = await self._fetch()
            if token == refused and self._renew:
                token, seconds = await self._renew()
            await self._note.put(token, max(seconds - EARLY, seconds / 2))
            return token
        finally:
            await self._notes.release(self._claim)
