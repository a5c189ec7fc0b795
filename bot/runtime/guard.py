"""Runs a turn's handler so that nobody else waits for it: it may neither block the process nor hold a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import prometheus_client as metrics

from bot.runtime.blocking import HandlerBlocked, Watch
from bot.runtime.retry import HeldUp
from bot.runtime.starved import of_all_threads
from bot.runtime.suspects import Postponed, Suspects
from models import locks

#: In a transaction others wait for a handler, and nothing slow belongs there, seconds.
HOLD_TIMEOUT = 0.6
#: How often one that holds a transaction is looked at, seconds.
LOOK = 0.1
_MOMENT = 0.001
CUT_OFF = metrics.Counter(
    "parley_handlers_cut_off", "Handlers that were cut off because they kept others waiting", ["how"]
)


class Guard:
    """One for a worker. `most` is how long a turn may take, seconds."""

    def __init__(self, watch: Watch, most: float, now: Callable[[], float]) -> None:
        self._watch = watch
        self._hold = min(most, HOLD_TIMEOUT)
        self._suspects = Suspects(max(self._hold, watch.limit), now)

    async def run(self, lane: str, holds: bool, handler: str, make: Callable[[], Awaitable[None]]) -> None:
        """Run what `make` makes; `holds`: inside a transaction.

        Raises `HandlerBlocked`, `HeldUp`, `Postponed`, or what the handler raises.
        """
        most = self._suspects.admit(handler, lane)
        steps = self._watch.steps(handler, make(), most)
        try:
            await (_briefly(steps, handler, min(most or self._hold, self._hold)) if holds else steps)
        except (HandlerBlocked, HeldUp) as error:
            self._suspects.caught(handler, lane)
            if most is not None and most < (self._hold if isinstance(error, HeldUp) else self._watch.limit):
                raise Postponed(most) from error
            CUT_OFF.labels("held" if isinstance(error, HeldUp) else "blocked").inc()
            raise


@asynccontextmanager
async def own_time(most: float) -> AsyncIterator[asyncio.Timeout]:
    """As `asyncio.timeout`, but the time in which others had a row that it wanted does not count."""
    async with asyncio.timeout(None) as limit:
        own = _OwnTime(limit, most)
        try:
            yield limit
        finally:
            own.end()


class _OwnTime:
    """Ends `limit` when it is over. It looks once, and once more for as long as was waited until then."""

    def __init__(self, limit: asyncio.Timeout, most: float) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._look_after(most)

    def _look_after(self, seconds: float) -> None:
        self._waited = locks.waited()
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        more = locks.waited() - self._waited
        if more > _MOMENT:
            self._look_after(more)
        else:
            self._limit.reschedule(self._loop.time())

    def end(self) -> None:
        """It is done."""
        self._timer.cancel()


async def _briefly(steps: Awaitable[None], handler: str, most: float) -> None:
    """Raises `HeldUp` after `most` seconds in which this process had the processors that it wanted."""
    try:
        async with asyncio.timeout(None) as limit:
            patience = _Patience(limit, most)
            try:
                await steps
            finally:
                patience.end()
    except TimeoutError as error:
        if limit.expired():
            raise HeldUp(f"{handler} held its transaction for more than {most:g} s") from error
        raise


class _Patience:
    """Ends `limit` when it is over. Not counted is what the process could not use, or somebody else blocked or held."""

    def __init__(self, limit: asyncio.Timeout, most: float) -> None:
        self._limit = limit
        self._left = most
        self._loop = asyncio.get_running_loop()
        self._starved: float | None = None  # known from the first look on, since most are done before it
        self._waited = locks.waited()
        self._at = self._loop.time()
        self._next()

    def _next(self) -> None:
        self._pause = min(LOOK, self._left)
        self._timer = self._loop.call_later(self._pause, self._look)

    def _look(self) -> None:
        now, starved, waited = self._loop.time(), of_all_threads(), locks.waited()
        passed = min(now - self._at, 2 * self._pause)
        if self._starved is not None:
            passed -= min(max(0.0, starved - self._starved), passed)
        passed -= min(waited - self._waited, passed)
        self._left -= passed
        self._at, self._starved, self._waited = now, starved, waited
        if self._left > _MOMENT:
            self._next()
        else:
            self._limit.reschedule(now)

    def end(self) -> None:
        """It is done."""
        self._timer.cancel()
