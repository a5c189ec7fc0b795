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


class SharedToken:
    """One token of an account. `name` tells it from the account's others."""

    def __init__(self, around: Around, fetch: Fetch, name: str = "token") -> None:
        self._name = f"{around.account}:{name}"
        self._notes = around.notes
        self._cipher = AESGCM(bytes.fromhex(around.secret))
        self._fetch = fetch
        self._turn = asyncio.Lock()

    async def get(self, refused: str = "") -> str:
        """A token that is not `refused`. Raises `ChannelUnavailable` when none can be had."""
        async with self._turn:
            until = asyncio.get_running_loop().time() + FETCHING
            while asyncio.get_running_loop().time() < until:
                token = self._opened(await self._notes.get(self._name))
                if token and token != refused:
                    return token
                if await self._notes.claim(f"{self._name}:fetch", FETCHING):
                    return await self._fetched()
                await asyncio.sleep(LOOK)
        raise ChannelUnavailable("no access token: another node has been fetching it for too long")

    async def _fetched(self) -> str:
        try:
            token, seconds = await self._fetch()
            await self._notes.put(self._name, self._sealed(token), max(seconds - EARLY, seconds / 2))
            return token
        finally:
            await self._notes.release(f"{self._name}:fetch")

    def _sealed(self, token: str) -> str:
        nonce = urandom(12)
        return b64encode(nonce + self._cipher.encrypt(nonce, token.encode(), self._name.encode())).decode()

    def _opened(self, note: str) -> str:
        """The token of a note; "" for none, and for one that was sealed with another secret."""
        try:
            raw = b64decode(note)
            return self._cipher.decrypt(raw[:12], raw[12:], self._name.encode()).decode() if raw else ""
        except (InvalidTag, ValueError):
            return ""
