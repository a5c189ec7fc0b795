"""Sends what takes several calls: tried again under its key, it goes on with the call that failed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

Step = Callable[[], Awaitable[str]]
"""One call; the id of the message that it made."""

MOST_REMEMBERED = 4096


class Recent(Generic[K, V]):
    """The newest entries of a mapping."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: K) -> None:
        self._kept.pop(key, None)


class Steps:
    """Meta has no key by which it would know a call again, so what was answered is remembered here."""

    def __init__(self) -> None:
        self._done: Recent[str, tuple[int, str]] = Recent()

    async def take(self, key: str, steps: Sequence[Step]) -> str:
        """The id of the last message. Raises what a step raises."""
        done, message = self._done.get(key) or (0, "")
        for number in range(done, len(steps)):
            message = await steps[number]()
            self._done.put(key, (number + 1, message))
        return message
