"""Keeps the last mails in memory, within bounds, so that a file of one that was just read is not fetched again."""

from __future__ import annotations

from collections import OrderedDict

MOST = 32 * 1024 * 1024  # bytes


class Shelf:
    """Mails by their place; the oldest go first, and what is too large for it stands nowhere."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._mails: OrderedDict[str, bytes] = OrderedDict()

    def put(self, place: str, data: bytes) -> None:
        """Keep one more mail."""
        if len(data) > self._most:
            return
        self._size += len(data) - len(self._mails.pop(place, b""))
        self._mails[place] = data
        while self._size > self._most and self._mails:
            self._size -= len(self._mails.popitem(last=False)[1])

    def clear(self) -> None:
        """Keep nothing: places mean other mails now."""
        self._mails.clear()
        self._size = 0

    def get(self, place: str) -> bytes | None:
        """The mail, if it is still here."""
        return self._mails.get(place)
