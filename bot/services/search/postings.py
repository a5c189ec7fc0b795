"""Which groups of up to three letters stand where: pure functions over texts, keys and packed lists of places.

Every letter, every two and every three that follow each other are a group, so that a word of any length in any
language is found. Three signs of Chinese, Japanese or Korean are none: two of them tell enough.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from zlib import crc32

from bot.services.search.words import fold

_FIRST_SIGN = "\u2e80"  # from here on, signs that are words or syllables
_HALF = 2**31


def groups(texts: Iterable[str]) -> set[str]:
    """Those of all these texts together."""
    found: set[str] = set()
    for text in map(fold, texts):
        pairs = [text[at : at + 2] for at in range(len(text) - 1)]
        threes = [text[at : at + 3] for at in range(len(text) - 2)]
        found.update(text, pairs, threes if text.isascii() else filter(_tells, threes))
    return found


def _tells(three: str) -> bool:
    return min(three) < _FIRST_SIGN


def asked(folded: str) -> list[str]:
    """Groups that a text has if it has this word: the longest ones, which are the rarest."""
    for length in (3, 2):
        if len(folded) >= length:
            each = [folded[at : at + length] for at in range(len(folded) - length + 1)]
            told = [one for one in each if length < 3 or _tells(one)]
            # Between signs the pairs tell what the threes do not.
            pairs = (
                []
                if length < 3
                else [folded[at : at + 2] for at in range(len(folded) - 1) if folded[at] >= _FIRST_SIGN]
            )
            return list(dict.fromkeys(told + pairs))
    return [folded]


def key(group: str) -> int:
    """A number of 32 bits with a sign. Two groups that share one find a little too much."""
    return crc32(group.encode("utf-8", "surrogatepass")) - _HALF


def packed(places: Sequence[int], size: int) -> bytes:
    """Ascending places, each below `size`: as two bytes each, or where that is shorter, a bit for each that may be."""
    if len(places) * 2 < size // 8:
        return _two_bytes(array("H", places)).tobytes()
    bits = bytearray(size // 8)
    for place in places:
        bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)


def unpacked(posting: bytes, size: int) -> list[int]:
    """What `packed` was given."""
    if len(posting) < size // 8:
        return list(_two_bytes(array("H", posting)))
    return [at * 8 + bit for at, byte in enumerate(posting) if byte for bit in range(8) if byte >> bit & 1]


def common(postings: Sequence[bytes], size: int) -> list[int]:
    """Places that stand in all of them, ascending."""
    whole = [posting for posting in postings if len(posting) == size // 8]
    lists = sorted((posting for posting in postings if len(posting) < size // 8), key=len)
    if not lists:
        bits = int.from_bytes(b"\xff" * (size // 8))
        for posting in whole:
            bits &= int.from_bytes(posting)
        return unpacked(bits.to_bytes(size // 8), size)
    places = set(unpacked(lists[0], size))
    for posting in lists[1:]:
        places.intersection_update(unpacked(posting, size))
    return sorted(place for place in places if all(bits[place >> 3] >> (place & 7) & 1 for bits in whole))


def _two_bytes(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
