"""Which effects are in memory: so many of each account, so that a platform that is down leaves others their room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from bot.runtime.writes import NewEffect


def account_of(lane: str) -> str:
    """`telegram` of `telegram:42`; lanes that are no conversation's ("file:7") share the room of their kind."""
    return lane.partition(":")[0]


class Room:
    """Of the accounts in `full` the table holds effects that are older than whatever comes now."""

    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}  # of each effect in memory, by its key
        self._held: Counter[str] = Counter()
        self.full: set[str] = set()
        self.due: dict[str, datetime] = {}  # those that must not be tried before
        self.is_reading = False  # the table is read at this moment
        self.ended: set[str] = set()  # since it began to be read: its rows may still show them as pending

    def __len__(self) -> int:
        return len(self._accounts)

    def __contains__(self, key: str) -> bool:
        return key in self._accounts

    def add(self, effect: NewEffect, most: int) -> bool:
        """False, and the account is full, when it has `most` in memory already."""
        account = account_of(effect.lane)
        if self._held[account] >= most:
            self.full.add(account)
        if account in self.full:
            return False
        self._accounts[effect.key] = account
        self._held[account] += 1
        return True

    def drop(self, keys: Iterable[str]) -> None:
        """These are in memory no more."""
        for key in keys:
            self.due.pop(key, None)
            if account := self._accounts.pop(key, None):
                self._held[account] -= 1

    def end(self, key: str) -> None:
        """It is over."""
        self.drop((key,))
        if self.is_reading:
            self.ended.add(key)

    def wait(self, key: str, now: datetime) -> float:
        """Seconds until it may be tried."""
        due = self.due.get(key)
        return max(0.0, (due - now).total_seconds()) if due else 0.0

    def crowded(self, most: int) -> frozenset[str]:
        """The accounts with `most` in memory or more."""
        return frozenset(account for account, count in self._held.items() if count >= most)
