"""An event loop without clock, threads and network: time jumps to the next timer, and a seed chooses who goes next."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

#: Callbacks that a whole play may take: beyond it somebody runs in a circle.
MOST_STEPS = 60_000


class Crashed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Halted(BaseException):
    """Somebody has seen enough; `halted` says what."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """One for all plays of a process; `begin` makes it new.

    Every callback is a step, so a crash at any step is a crash at any await. `disorder` is how often a ready callback
    is taken out of its turn: asyncio promises the order of arrival within a loop, threads and sockets do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_exception_handler(self._complain)
        self.begin(Random(0))

    def begin(self, chance: Random, disorder: float = 0.0) -> None:
        """A new play: time, steps and everything that waited are gone."""
        self.chance = chance
        self.disorder = disorder
        self.steps = 0
        self.crash_at: int | None = None
        self.halted = ""
        self._burying = False
        self._now = 0.0
        self._forget()

    def time(self) -> float:
        """Simulated seconds since `begin`."""
        return self._now

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """There are no threads."""
        return self.call_soon(callback, *args, context=context)

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """After a delay of chance: mostly none, sometimes so many milliseconds that others overtake."""
        drawn = self.chance.random()
        if drawn < 0.75:
            self.call_soon(callback, *args)
        else:
            self.call_later(0.001 + (drawn - 0.75) ** 3 * 6, callback, *args)

    def halt(self, why: str) -> None:
        """End the play at the next step."""
        self.halted = self.halted or why

    def live(self, life: Coroutine[Any, Any, None]) -> None:
        """Run one life of the process to its end. Raises `Crashed` or `Halted`; either way nothing of it is left."""
        task = self.create_task(life)
        try:
            self.run_until_complete(task)
        finally:
            self._bury()

    # one step

    def _run_once(self) -> None:
        if not self._ready:
            self._jump()
        while self._scheduled and self._scheduled[0]._when <= self._now:  # type: ignore[attr-defined]
            self._wake()
        if not self._ready:
            return
        self._count()
        handle = self._next()
        if not handle._cancelled:
            handle._run()

    def _next(self) -> asyncio.Handle:
        ready = self._ready  # type: ignore[attr-defined]
        if not self._burying and len(ready) > 1 and self.disorder and self.chance.random() < self.disorder:
            at = self.chance.randrange(len(ready))
            handle = ready[at]
            del ready[at]
        else:
            handle = ready.popleft()
        found: asyncio.Handle = handle
        return found

    def _count(self) -> None:
        if self._burying:
            return
        self.steps += 1
        if self.steps > MOST_STEPS:
            self.halt("it never comes to rest: somebody runs in a circle")
        if self.halted:
            raise Halted(self.halted)
        if self.steps == self.crash_at:
            raise Crashed

    def _jump(self) -> None:
        while self._scheduled and self._scheduled[0]._cancelled:  # type: ignore[attr-defined]
            heapq.heappop(self._scheduled)._scheduled = False  # type: ignore[attr-defined]
        if self._scheduled:  # type: ignore[attr-defined]
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        else:
            raise Halted("everybody waits, and nobody for anything that will come")

    def _wake(self) -> None:
        timer = heapq.heappop(self._scheduled)  # type: ignore[attr-defined]
        timer._scheduled = False
        if not timer._cancelled:
            self._ready.append(timer)  # type: ignore[attr-defined]

    # the end of a life

    def _bury(self) -> None:
        """Take every task apart without leaving a trace: whatever they reach for is dead already."""
        self._burying, now = True, self._now
        for _ in range(20):
            tasks = [task for task in asyncio.all_tasks(self) if not task.done()]
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            self.run_until_complete(asyncio.wait(tasks, timeout=1))
        self._forget()
        self._burying, self._now = False, now

    def _forget(self) -> None:
        self._ready.clear()  # type: ignore[attr-defined]
        self._scheduled.clear()  # type: ignore[attr-defined]

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not self._burying and "never retrieved" not in context["message"]:
            self.halt(f"a callback failed: {context['message']}: {context.get('exception')!r}")
