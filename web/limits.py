"""So many in so much time, for each key, in bounded memory, and over all nodes."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.services.visitors import Visit

Recent = Callable[[Visit, datetime, float], Awaitable[tuple[int, float]]]
"""How many of a visitor's all nodes let pass in the last so many seconds, and how many seconds ago the first was."""

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
        times = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        if wait := self.look(key):
            return wait
        times.append(self._now())
        if len(self._seen) > _MOST_KEYS:
            self._seen.popitem(last=False)
        return 0.0

    def look(self, key: str) -> float:
        """As `wait`, and nothing counts."""
        now, times = self._now(), self._seen.get(key, deque[float]())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        return times[0] + self._seconds - now if len(times) >= self._count else 0.0


class VisitorLimiter(Limiter):
    """A window of each visitor over all nodes.

    A node that is alone counts in its memory. Among others it does so up to its own share, and looks into the database,
    where all of them keep what they accept, before it lets anybody pass who is faster: most messages cost no question,
    and who was refused is asked for again only when their time has come.
    """

    def __init__(
        self,
        count: int,
        seconds: float,
        now: Callable[[], float],
        recent: Recent,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(count, seconds, now)
        self._recent = recent
        self._clock = clock
        self._refused: OrderedDict[str, float] = OrderedDict()  # until when the database has said no

    async def wait_among(self, nodes: int, visit: Visit) -> float:
        """`wait` for this visitor where `nodes` let pass, this one included."""
        key = visit.external_id
        if left := self._left(key):
            return left
        wait = self.wait(key)
        if wait or nodes < 2 or len(self._seen[key]) * nodes <= self._count:
            return wait
        began = self._seen[key][-1]
        passed, ago = await self._recent(visit, self._clock(), self._seconds)
        wait = 0.0 if passed < self._count else max(0.0, self._seconds - ago)
        if wait:
            self._refuse(key, began, wait)
        return wait

    def _left(self, key: str) -> float:
        if key not in self._refused:
            return 0.0
        left = self._refused[key] - self._now()
        if left > 0:
            return left
        del self._refused[key]
        return 0.0

    def _refuse(self, key: str, began: float, wait: float) -> None:
        """What did not pass does not count."""
        times = self._seen.get(key)
        if times and began in times:
            times.remove(began)
        self._refused[key] = self._now() + wait
        self._refused.move_to_end(key)
        if len(self._refused) > _MOST_KEYS:
            self._refused.popitem(last=False)
