"""Passwords of staff: Argon2id in a thread, and the same time spent on a login that does not exist."""

from __future__ import annotations

import asyncio
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.core.errors import Refused

MIN_LENGTH = 10
MAX_LENGTH = 200
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without what looks alike
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's figures for Argon2id
#: Two at once at most: each takes 19 MB, and logins must not push the chat aside.
_gate = asyncio.Semaphore(2)


async def hash_password(password: str) -> str:
    """The Argon2id hash. Raises `Refused("weak_password", minimum=…)` for one that is too short or too long."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Refused("weak_password", minimum=MIN_LENGTH)
    async with _gate:
        return await asyncio.to_thread(_hasher.hash, password)


async def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one of `stored`; None (no such login) takes as long as a wrong password."""
    async with _gate:
        return await asyncio.to_thread(_verify, password, stored)


def one_time_password() -> str:
    """Sixteen readable characters, 79 bits, in groups of four: `k7mw-2fpq-…`."""
    word = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(word[at : at + 4] for at in range(0, 16, 4))


def _verify(password: str, stored: str | None) -> bool:
    try:
        return _hasher.verify(stored or _decoy(), password[:MAX_LENGTH]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher.hash(secrets.token_hex(16))
