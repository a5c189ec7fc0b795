"""Until when what is done now may leave this process: whoever comes later leaves it to another node.

It is asked once more right before the bytes are written. Between the decision to send and its bytes a process may be
stopped for minutes, and another node does its work meanwhile.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.core.errors import LeaseLost

#: A clock that counts the time in which the machine slept, where there is one; all processes of a machine agree on it.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_moment: ContextVar[float] = ContextVar("deadline", default=math.inf)


def elapsed() -> float:
    """Seconds of a clock that nobody sets."""
    return time.clock_gettime(_CLOCK)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """What is sent in this block leaves before this moment of `elapsed`, or not at all."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


def moment() -> float:
    """That of the block we are in; infinity where there is none."""
    return _moment.get()


def assure() -> None:
    """Right before something leaves. Raises `LeaseLost` when it is too late."""
    if elapsed() >= _moment.get():
        raise LeaseLost("it is too late to send this: another node may have done it")
