"""Handlers that kept others waiting: from then on they run apart from each other, so that others are served between.

Whoever meets such a handler for the first time gets a short try, which is all that most need. Who needs more, and
whoever was cut off before, has a full one. Before each try there must have been quiet for as long as it may last.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

#: What a conversation that has done no harm may take of a suspect, seconds.
SHORT = 0.1
#: A handler is trusted again after so many seconds without harm.
REMEMBERED = 60.0
#: Conversations that are remembered.
MOST = 10_000


class Postponed(Exception):
    """Not now, and no failure: in `after` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__(f"not for another {after:.1f} s")
        self.after = after


class Suspects:
    """Of one process; `full` is the length of a full try, seconds."""

    def __init__(self, full: float, now: Callable[[], float]) -> None:
        self._full = full
        self._now = now
        self._handlers: dict[str, float] = {}  # until when
        self._lanes: OrderedDict[str, float] = OrderedDict()  # until when, the latest last
        self._harm = float("-inf")  # when somebody was cut off last

    def admit(self, handler: str, lane: str) -> float | None:
        """How long this try may last, seconds; None: as long as any. Raises `Postponed`."""
        if not self._handlers:
            return None
        now = self._now()
        if self._handlers.get(handler, now) <= now:
            self._handlers.pop(handler, None)
            return None
        most = self._full if self._lanes.get(lane, now) > now else min(SHORT, self._full)
        quiet = self._harm + most - now
        if quiet > 0:
            raise Postponed(quiet)
        return most

    def caught(self, handler: str, lane: str) -> None:
        """A try of this handler, in this conversation, was cut off just now."""
        self._harm = self._now()
        self._handlers[handler] = self._lanes[lane] = self._harm + REMEMBERED
        self._lanes.move_to_end(lane)
        while len(self._lanes) > MOST:
            self._lanes.popitem(last=False)
