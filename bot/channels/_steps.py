"""Sends a wire that is several messages: tried again under its key, it goes on with the one that failed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.core.errors import WindowClosed
from bot.core.ports import Sent

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


@dataclass(slots=True)
class Left:
    """The messages of a wire that have left: their ids, and how many count against what is open now."""

    ids: list[str] = field(default_factory=list)
    counted: int = 0

    def add(self, message: str) -> None:
        """One more; "" where the platform gives no id."""
        self.ids.append(message)
        self.counted += 1

    def closed(self) -> None:
        """The window is closed: the rest leaves in another one, which is not used up by these."""
        self.counted = 0

    @property
    def sent(self) -> Sent:
        """All of them, once the last has left."""
        return Sent(self.ids[-1], self.counted, tuple(filter(None, self.ids[:-1])))


class Steps:
    """What was answered is remembered here, since few platforms have a key by which they would know a call again."""

    def __init__(self) -> None:
        self._left: Recent[str, Left] = Recent()

    async def take(self, key: str, steps: Sequence[Step]) -> Sent:
        """Those that are not done yet, one after the other. Raises what a step raises."""
        left = self._left.get(key) or Left()
        self._left.put(key, left)
        try:
            for step in steps[len(left.ids) :]:
                left.add(await step())
        except WindowClosed:
            left.closed()
            raise
        return left.sent
