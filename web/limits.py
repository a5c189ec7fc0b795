"""So many in so much time, for each key, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

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
