"""Numbers of orders: made so that they can be read out, and found however they were typed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from itertools import count

#: Without 0, O, 1 and I: a number is read out, written down and typed again.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_number() -> str:
    """Eight characters of `ALPHABET` in two groups, "P7K2-4M9Q": 40 random bits, and never a word or a sum alone."""
    return _number(lambda: [secrets.randbelow(len(ALPHABET)) for _ in range(8)])


def number_of(seed: str) -> str:
    """The number that belongs to `seed`, written as a new one is: the same one each time."""
    tries = count()
    return _number(lambda: list(hashlib.sha256(f"{next(tries)} {seed}".encode()).digest()[:8]))


def _number(draw: Callable[[], list[int]]) -> str:
    while True:
        letters = "".join(ALPHABET[one % len(ALPHABET)] for one in draw())
        if not (letters.isalpha() or letters.isdigit()):
            return f"{letters[:4]}-{letters[4:]}"


def normalise(number: str) -> str:
    """A number as we write it, from what somebody typed: "#p7k2 4m9q" is "P7K2-4M9Q"."""
    letters = "".join(letter for letter in number.upper() if letter in ALPHABET)
    return f"{letters[:4]}-{letters[4:]}" if len(letters) == 8 else number.strip()
