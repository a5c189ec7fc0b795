"""Cuts off a handler that keeps the event loop: it alone fails, and everybody else waits for a moment only.

A handler runs in steps, from one `await` to the next, and while one runs nothing else does. Each step is noted as it
begins and ends. A timer of the kernel interrupts the main thread some times a second, and when it finds the same step
too often it raises in the middle of it. A timer and not a thread: a regular expression, say, never lets another thread
run, but looks for signals now and then. What looks for none is told in the log while it lasts, or once it is over.
"""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from types import CodeType, FrameType, coroutine
from typing import Any, TypeVar

from bot.runtime.starved import of_this_thread

log = logging.getLogger(__name__)

T = TypeVar("T")
Meter = Callable[[], float]
#: Looks in the time that a step may take.
LOOKS = 5
#: How often a thread of its own looks for a step that cannot be cut off, seconds.
TELLING = 2.0
#: With no other thread let in for so long, Python itself writes to stderr where the process stands, seconds.
SILENCE = 15.0
#: A driver that is cut off in the middle of an exchange has lost its place in it, and a lock its owner.
UNTOUCHED = ("asyncio", "uvloop", "aiosqlite", "asyncpg", "asyncmy", "logging", "threading", "importlib")


class HandlerBlocked(Exception):
    """A handler kept the process from everybody else, and was cut off."""


class Cut(BaseException):
    """Ends a step from inside; no handler's `except Exception` may catch it."""


class Watch:
    """One for a process. `limit` is how long a step may take, seconds; 0 watches nothing.

    Until `start`, and where it cannot work, steps are noted and never cut.
    """

    def __init__(self, limit: float = 0.0, *, now: Meter = time.monotonic, starved: Meter = of_this_thread) -> None:
        self.limit = limit
        self._now = now
        self._starved = starved
        self._handler = ""  # whose step it is; "" between steps
        self._step = 0
        self._most = limit
        self._cut = False
        self._seen = 0  # the step that the last look found, when, and what it had waited for a processor by then
        self._at = self._waited = self._spent = 0.0
        self._before: Any = None
        self._ended = threading.Event()

    # the steps

    def steps(self, handler: str, run: Awaitable[T], most: float | None = None) -> Awaitable[T]:
        """Run it, each step for `most` seconds (`limit`). Raises `HandlerBlocked`, or what it raises."""
        return self._steps(handler, run.__await__(), min(most or self.limit, self.limit)) if self.limit else run

    @coroutine
    def _steps(self, handler: str, run: Generator[Any, Any, T], most: float) -> Generator[Any, Any, T]:
        act: Callable[[Any], Any] = run.send
        given: Any = None
        while True:
            self._step += 1
            self._most, self._cut = most, False
            self._handler = handler
            try:
                wanted = act(given)
                if self._cut:  # it caught what should have ended it
                    _close(run)
                    raise Cut
            except StopIteration as end:
                if self._cut:
                    raise HandlerBlocked(_told(handler, most)) from None
                result: T = end.value
                return result
            except BaseException as error:
                if self._cut:
                    raise HandlerBlocked(_told(handler, most)) from error
                raise
            finally:
                self._handler = ""
            try:
                given = yield wanted
                act = run.send
            except BaseException as error:  # whatever it is, the handler hears it
                act, given = run.throw, error

    # the looks

    def start(self) -> None:
        """Begin to look, from the main thread; elsewhere, and on Windows, only say that nothing can be cut off."""
        if not self.limit:
            return
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            log.warning("a handler that blocks cannot be cut off here", extra={"action": "watch.none"})
            return
        if signal.getsignal(signal.SIGALRM) not in (signal.SIG_DFL, signal.SIG_IGN):
            log.warning("SIGALRM has another use: no handler is cut off", extra={"action": "watch.none"})
            return
        self._ended.clear()
        self._before = signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, self.limit / LOOKS, self.limit / LOOKS)
        threading.Thread(target=self._tell, name="watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        if self._before is None:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        self._before = None
        self._ended.set()

    def _look(self, _: int, frame: FrameType | None) -> None:
        """The timer's, in the main thread, between two instructions of whatever runs there."""
        if not self._handler:
            return
        now, waited = self._now(), self._starved()
        if self._step == self._seen:
            # A process that was stopped, or had no processor, is no fault of the handler's.
            passed = min(now - self._at, 2 * self.limit / LOOKS)
            self._spent += max(0.0, passed - (waited - self._waited))
        else:
            self._seen, self._spent = self._step, 0.0
        self._at, self._waited = now, waited
        if self._spent >= self._most and _may_be_cut(frame):
            self._cut = True
            raise Cut

    def _tell(self) -> None:
        """What cannot be cut off, once: with the interpreter to itself it stands in stderr, else in the log."""
        step, told = 0, 0
        while not self._ended.wait(TELLING):
            if sys.__stderr__ is not None:
                with suppress(OSError, ValueError):  # it was closed
                    faulthandler.dump_traceback_later(SILENCE, file=sys.__stderr__)
            if self._handler and step == self._step != told and self._in_vain():
                told = step
                facts = {"action": "handler.blocks", "handler": self._handler, "seconds": TELLING}
                log.error("a handler keeps the whole process waiting and cannot be cut off", extra=facts)
            step = self._step
        faulthandler.cancel_dump_traceback_later()

    def _in_vain(self) -> bool:
        """Whether no look comes to the step, or one that should have ended it: it is not merely slow."""
        return self._step != self._seen or self._now() - self._at > TELLING / 2 or self._spent >= self._most


_OWN: CodeType = Watch._steps.__code__  # noqa: SLF001 - told apart by it in a stack


def _may_be_cut(frame: FrameType | None) -> bool:
    """Whether every call since the step began is one that may end anywhere."""
    if frame is None or frame.f_code is _OWN:  # the step is just over
        return False
    while frame is not None and frame.f_code is not _OWN:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in UNTOUCHED:
            return False
        frame = frame.f_back
    return True


def _close(run: Generator[Any, Any, Any]) -> None:
    with suppress(RuntimeError, Cut):  # it will not end; it is not asked again
        run.close()


def _told(handler: str, most: float) -> str:
    return f"{handler} kept everybody else waiting for more than {most:g} s"
