"""Codes that somebody reads in one place and types in another: short, soon over, kept as hashes, and hard to guess."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Literal

from bot.services import attempts, audit
from bot.services.scope import Scope
from models import LinkCode, LoginAttempt, PersonCode

log = logging.getLogger(__name__)

LIFE = timedelta(minutes=10)
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without 0, 1, I and O
SHORT, LONG = 8, 24  # characters of one that is typed (40 bits), and of one that only a link carries (120)
#: Customers' codes connect apps of theirs, those of staff make a chat a member's; wrong ones count apart.
Sort = Literal["customers", "staff"]
Found = Literal["yes", "no", "slow"]  # "slow": nobody looked
#: How a code comes: said to be one, by a command, or alone, where most are words that only look like one.
Said = Literal["customers", "staff", "alone"]
#: So many wrong codes of one address within `PERIOD` of the first, and its codes are not looked at until that is over.
FREE_OF_ONE = 5
FREE_ALONE = 50
_FREE: dict[Said, int] = {"customers": FREE_OF_ONE, "staff": FREE_OF_ONE, "alone": FREE_ALONE}
#: So many of all addresses, and operators hear of it. Nobody is locked out by what others do: of 40 bits that are good
#: for ten minutes thousands of guesses find nothing.
ALARMING = 500
PERIOD = timedelta(minutes=10)
_CODE = "code"  # the count of all comes before those of addresses in the order of locks
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


def hashed(sort: Sort, code: str) -> str:
    """Under what a code is kept: one of one sort is none of the other."""
    return hashlib.sha256(f"{sort} code {code}".encode()).hexdigest()


async def is_code(scope: Scope, typed: str) -> Found:
    """Whether words that came alone are a code of any sort, or were one a while ago.

    What is none counts as a guess: else codes could be tried here by whoever leaves the command out.
    """
    if not await may_guess("alone", scope.identity_id, scope.now):
        return "slow"
    if await known(typed):
        return "yes"
    await guessed("alone", scope.identity_id, scope.now)
    return "no"


async def known(typed: str) -> bool:
    """Whether that is a code of any sort, or was one a while ago."""
    code = plain(typed)
    if await PersonCode.filter(code_hash=hashed("customers", code)).exists():
        return True
    return await LinkCode.filter(code_hash=hashed("staff", code)).exists()


async def may_guess(how: Said, identity_id: int, now: datetime) -> bool:
    """Whether a code of this address is looked at now; inside the caller's transaction, for which others wait."""
    (row,) = await attempts.locked([f"{_CODE}:{how}:{identity_id}"], now)
    return row.locked_until is None or row.locked_until <= now


async def guessed(how: Said, identity_id: int, now: datetime) -> None:
    """A wrong one, in the transaction in which `may_guess` was asked: it locks the address, and many alarm."""
    sort: Sort = "staff" if how == "staff" else "customers"
    everybody = f"{_CODE}:{sort}"
    for row in await attempts.locked([everybody, f"{_CODE}:{how}:{identity_id}"], now):
        if row.failures == 0 or row.updated_at + PERIOD <= now:
            row.failures, row.updated_at, row.locked_until = 0, now, None
        row.failures += 1
        if row.subject != everybody:
            row.locked_until = row.updated_at + PERIOD if row.failures >= _FREE[how] else None
        elif row.failures == ALARMING:
            log.warning("many codes are wrong: somebody may be guessing", extra={"action": "code.guessing", "of": sort})
            await audit.record(None, "code.guessing", f"codes:{sort}", now)
        await row.save(update_fields=["failures", "locked_until", "updated_at"])


async def prune(now: datetime) -> None:
    """Forget the counts that matter no more."""
    await LoginAttempt.filter(subject__startswith=f"{_CODE}:", updated_at__lt=now - PERIOD).delete()
