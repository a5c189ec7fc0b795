"""What queries may cost: a bucket that a shop refills, of which every answer tells how full it is.

Source: shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Points that come back in a second, until an answer tells.
RATE = 50.0


class Budget:
    """`clock` gives seconds that only grow. A query that was never asked is thought to cost nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._costs: dict[str, float] = {}
        self._available, self._most, self._rate = 0.0, 0.0, RATE
        self._at: float | None = None

    def wait(self, query: str) -> float:
        """Seconds until there are points enough for this query."""
        if self._at is None:
            return 0.0
        refilled = self._available + (self._clock() - self._at) * self._rate
        missing = self._costs.get(query, 0.0) - min(refilled, self._most)
        return max(0.0, missing / self._rate)

    def note(self, query: str, answer: Mapping[str, Any]) -> None:
        """What an answer tells in `extensions.cost`; nothing where it tells nothing."""
        cost = (answer.get("extensions") or {}).get("cost") or {}
        status = cost.get("throttleStatus") or {}
        try:
            asked, available = float(cost["requestedQueryCost"]), float(status["currentlyAvailable"])
            most, rate = float(status["maximumAvailable"]), float(status["restoreRate"])
        except (KeyError, TypeError, ValueError):
            return
        self._costs[query] = asked
        self._available, self._most, self._rate, self._at = available, most, rate if rate > 0 else RATE, self._clock()
