"""Codes that somebody reads in one place and types in another: short, soon over, kept as hashes, and hard to guess."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from bot.services import attempts
from models import LoginAttempt

LIFE = timedelta(minutes=10)
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0, 1, I and O
SHORT, LONG = 8, 24  # characters of one that is typed (40 bits), and of one that only a link carries (120)
#: Wrong codes of one address, and of all, within `PERIOD` of the first; then nobody's are looked at until it is over.
FREE_OF_ONE, FREE_OF_ALL = 5, 500
PERIOD = timedelta(minutes=10)
_ALL = "code"  # before those of addresses in the order of locks
#: A regular expression for a short one as people type it: letters and digits, which no word has.
TYPED = rf"(?=.*\d)(?=.*[A-Z])[{ALPHABET}]{{4}}[-–— ]?[{ALPHABET}]{{4}}"


def make(length: int = SHORT) -> str:
    """A new code of `length` characters, with letters and digits, so that it looks like nothing that people say."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(length))
        if not (code.isalpha() or code.isdigit()):
            return code


def readable(code: str) -> str:
    """As people read it: `K7MW-2FPQ`."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def plain(typed: str) -> str:
    """What was typed, without what only helps to read it."""
    return "".join(char for char in typed.upper() if char.isascii() and char.isalnum())


def hashed(purpose: str, code: str) -> str:
    """Under what a code is kept; `purpose` tells one sort of them from another."""
    return hashlib.sha256(f"{purpose} {code}".encode()).hexdigest()


async def may_guess(identity_id: int, now: datetime) -> bool:
    """Whether a code of this address is looked at now; inside the caller's transaction, for which others wait."""
    rows = await attempts.locked(_subjects(identity_id), now)
    return all(row.locked_until is None or row.locked_until <= now for row in rows)


async def guessed(identity_id: int, now: datetime) -> None:
    """A wrong one: counted for the address and for all, in the transaction in which `may_guess` was asked."""
    for row in await attempts.locked(_subjects(identity_id), now):
        if row.failures == 0 or row.updated_at + PERIOD <= now:
            row.failures, row.updated_at = 0, now
        row.failures += 1
        most = FREE_OF_ALL if row.subject == _ALL else FREE_OF_ONE
        row.locked_until = row.updated_at + PERIOD if row.failures >= most else None
        await row.save(update_fields=["failures", "locked_until", "updated_at"])


async def prune(now: datetime) -> None:
    """Forget the counts that matter no more."""
    await LoginAttempt.filter(subject__startswith=f"{_ALL}:", updated_at__lt=now - PERIOD).delete()


def _subjects(identity_id: int) -> tuple[str, str]:
    return _ALL, f"{_ALL}:{identity_id}"
