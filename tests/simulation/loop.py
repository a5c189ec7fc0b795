"""An event loop without clock, threads and network: time jumps to the next timer, and a seed chooses who goes next."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

#: Callbacks that a whole play may take: beyond it somebody runs in a circle.
MOST_STEPS = 80_000


class Crashed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Halted(BaseException):
    """Somebody has seen enough; `halted` says what."""


class Process:
    """One of several in a play: what it has begun is its own, and sleeps and ends with it.

    `doom` is called between two steps, when the process has done `doom_at` of them.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.steps = 0
        self.doom_at = 0
        self.doom: Callable[[], None] = lambda: None
        self.is_asleep = False
        self.frozen: list[asyncio.Handle] = []


class Work(asyncio.Handle):
    """A callback, and whose it is; None: the world's."""

    __slots__ = ("process",)
    process: Process | None


class Timer(asyncio.TimerHandle):
    """The same, at a time."""

    __slots__ = ("process",)
    process: Process | None


class Doing(asyncio.Task[T]):
    """A task goes on as its own process, whoever wakes it up.

    Its hash is the number that it has in the play: in a set by where it lies in memory, two plays would differ.
    """

    def __init__(self, work: Coroutine[Any, Any, T], loop: SimulatedLoop, **more: Any) -> None:
        self.process, self.number = loop.process, loop.counted()
        super().__init__(work, loop=loop, **more)

    def __hash__(self) -> int:
        return self.number


class Awaited(asyncio.Future[T]):
    """The same of what is waited for."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self.number = loop.counted()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.number


class SimulatedLoop(asyncio.BaseEventLoop):
    """One for all plays of a process; `begin` makes it new.

    Every callback is a step, so a crash at any step is a crash at any await. `disorder` is how often a ready callback
    is taken out of its turn: asyncio promises the order of arrival within a loop, threads and sockets do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_exception_handler(self._complain)
        self.set_task_factory(lambda loop, work, **more: Doing(work, loop, **more))  # type: ignore[arg-type]
        self.switched: Callable[[Process | None], None] = lambda _: None
        self.process: Process | None = None
        self.begin(Random(0))

    def begin(self, chance: Random, disorder: float = 0.0) -> None:
        """A new play: time, steps and everything that waited are gone."""
        self.chance = chance
        self.disorder = disorder
        self.steps = 0
        self.reordered = 0
        self.crash_at: int | None = None
        self.halted = ""
        self._burying = False
        self._now = 0.0
        self._born = 0
        self._forget()
        self._become(None)

    def time(self) -> float:
        """Simulated seconds since `begin`."""
        return self._now

    def counted(self) -> int:
        """The number of the next task or future of this play."""
        self._born += 1
        return self._born

    def create_future(self) -> asyncio.Future[Any]:
        """As always, with a number."""
        return Awaited(self)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """There are no threads."""
        return self.call_soon(callback, *args, context=context)

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """As always; the callback is of the process that runs now."""
        handle = Work(callback, args, self, context)
        handle.process = self.process
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """As always; the callback is of the process that runs now."""
        timer = Timer(when, callback, args, self, context)
        timer.process = self.process
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    def soon(self, callback: Callable[..., object], *args: Any) -> None:
        """After a delay of chance: mostly none, sometimes so many milliseconds that others overtake."""
        if self._burying:
            self.call_soon(callback, *args)
            return
        drawn = self.chance.random()
        if drawn < 0.75:
            self.call_soon(callback, *args)
        else:
            self.call_later(0.001 + (drawn - 0.75) ** 3 * 6, callback, *args)

    def halt(self, why: str) -> None:
        """End the play at the next step."""
        self.halted = self.halted or why

    def live(self, life: Coroutine[Any, Any, None], dies: Callable[[], None]) -> None:
        """Run one life of the process to its end. Raises `Crashed` or `Halted`; either way nothing of it is left.

        `dies` cuts off what it could still reach.
        """
        task = self.create_task(life)
        try:
            self.run_until_complete(task)
        finally:
            self._become(None)
            dies()
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
            self._step(handle)

    def _step(self, handle: asyncio.Handle) -> None:
        process = _whose(handle)
        if process is not None and not self._burying:
            if process.is_asleep:
                process.frozen.append(handle)
                return
            process.steps += 1
            if process.steps == process.doom_at:
                self._become(None)
                self._ready.appendleft(handle)  # type: ignore[attr-defined]
                process.doom()
                return
        if process is not self.process:
            self._become(process)
        handle._run()

    def _become(self, process: Process | None) -> None:
        self.process = process
        self.switched(process)

    # several processes

    @contextmanager
    def within(self, process: Process | None) -> Iterator[None]:
        """What is begun inside the block is of this process; None: of nobody, and goes on whoever sleeps."""
        own = self.process
        self._become(process)
        try:
            yield
        finally:
            self._become(own)

    def wakes(self, process: Process) -> None:
        """Everything that came meanwhile is done now, in its order."""
        process.is_asleep = False
        self._ready.extend(process.frozen)  # type: ignore[attr-defined]
        process.frozen.clear()

    def kill(self, process: Process) -> None:
        """Nothing of it runs any more. Whatever its tasks reach for on their way out must be dead already."""
        before, buries, self._burying = self.process, self._burying, True
        self.wakes(process)  # a task whose next step sleeps would never hear that it is over
        for _ in range(20):
            tasks = [task for task in asyncio.all_tasks(self) if _owner(task) is process]
            if not tasks:
                break
            for task in sorted(tasks, key=_number):
                task.cancel()
            self._drain(process)
        self._take_out(process)
        self._scheduled = [one for one in self._scheduled if _whose(one) is not process]  # type: ignore[has-type]
        heapq.heapify(self._scheduled)
        self._burying = buries  # a play that is halted buries everybody
        self._become(before)

    def _drain(self, process: Process) -> None:
        for _ in range(500):
            mine = self._take_out(process)
            if not mine:
                break
            for handle in mine:
                if not handle._cancelled:
                    self._become(process)
                    handle._run()

    def _take_out(self, process: Process) -> list[asyncio.Handle]:
        ready = self._ready  # type: ignore[attr-defined]
        mine = [handle for handle in ready if _whose(handle) is process]
        if mine:
            others = [handle for handle in ready if _whose(handle) is not process]
            ready.clear()
            ready.extend(others)
        return mine

    def _next(self) -> asyncio.Handle:
        ready = self._ready  # type: ignore[attr-defined]
        if not self._burying and len(ready) > 1 and self.disorder and self.chance.random() < self.disorder:
            at = self.chance.randrange(len(ready))
            self.reordered += at > 0
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
            tasks = sorted((task for task in asyncio.all_tasks(self) if not task.done()), key=_number)
            if not tasks:
                break
            for task in tasks:
                if process := _owner(task):
                    self.wakes(process)
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


def _whose(handle: asyncio.Handle) -> Process | None:
    task = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]
    found: Process | None = task.process if type(task) is Doing else handle.process  # type: ignore[attr-defined]
    return found


def _owner(task: asyncio.Task[Any]) -> Process | None:
    return task.process if isinstance(task, Doing) else None


def _number(task: asyncio.Task[Any]) -> int:
    return task.number if isinstance(task, Doing) else 0
