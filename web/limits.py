"""So many in so much time, for each key, in bounded memory, and over all nodes.

A node that is alone counts in its memory. Among others it does so up to its own share, and looks into the database,
where all of them keep what they accept, before it lets anybody pass who is faster: most messages cost no question.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

Recent = Callable[[float], Awaitable[tuple[int, float]]]
"""How many all nodes let pass in the last so many seconds, and how many seconds ago the first of them was."""

_MOST_KEYS = 20_000


class Limiter:
    """A sliding window for each key; `now` is a monotonic clock in seconds."""

    def __init__(self, count: int, seconds: float, now: Callable[[], float]) -> None:
        self._count = count
        self._seconds = seconds
        self._now = now
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """0 when it may happen now (and it counts), else the seconds until the next may."""
        now = self._now()
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._count:
            return times[0] + self._seconds - now
        times.append(now)
        if len(self._seen) > _MOST_KEYS:
            self._seen.popitem(last=False)
        return 0.0

    async def wait_among(self, nodes: int, key: str, recent: Recent) -> float:
        """The same where `nodes` let pass, this one included."""
        wait = self.wait(key)
        if wait or nodes < 2 or len(self._seen[key]) * nodes <= self._count:
            return wait
        passed, ago = await recent(self._seconds)
        return 0.0 if passed < self._count else max(0.0, self._seconds - ago)
