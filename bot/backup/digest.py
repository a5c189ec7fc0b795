"""A number for all rows of a table, the same in any order, so that two databases can be compared without sorting."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.backup.manifest import TableDigest

_WHOLE = 2**256
#: Rows read at once.
BATCH = 5_000


class RowSum:
    """Adds up the SHA-256 of rows. A sum and not an XOR: a row that is there twice counts twice."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """More rows; their values in the order of the columns."""
        for row in rows:
            # ascii() and not repr(): what counts as printable differs between versions of Python.
            hashed = hashlib.sha256(ascii(tuple(row)).encode()).digest()
            self._sum = (self._sum + int.from_bytes(hashed)) % _WHOLE
            self._rows += 1

    def digest(self) -> TableDigest:
        """What was added so far."""
        return TableDigest(self._rows, self._sum.to_bytes(32).hex())


def differing(wanted: Mapping[str, TableDigest], found: Mapping[str, TableDigest]) -> list[str]:
    """The tables of which the two sides have other rows."""
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
