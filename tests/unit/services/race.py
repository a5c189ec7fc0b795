"""Forces a race: somebody else comes at one exact call, and gets as far as the locks let them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from types import ModuleType
from typing import Any, Generic, TypeVar

from models import locks
from models.database import dialect, fetch, transaction

T = TypeVar("T")
#: Not pg_stat_activity, which a transaction sees as it was when it first looked.
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


class Rival(Generic[T]):
    """Another transaction that starts when told, and runs beside ours until a lock stops it.

    On SQLite it always waits for our whole transaction; on PostgreSQL it waits for a row, or runs to its end.
    """

    def __init__(self, work: Callable[[], Awaitable[T]]) -> None:
        self._work = work
        self._clean = copy_context()  # a task begun inside a transaction would share its connection
        self._task: asyncio.Task[T] | None = None

    async def comes(self) -> None:
        """Start, and return once it is over or can get no further."""
        self._task = asyncio.get_running_loop().create_task(self._run(), context=self._clean)
        while dialect() == "postgres" and not self._task.done() and not await fetch(WAITING):
            await asyncio.wait([self._task], timeout=0.005)  # asks again: the answer decides, not the time

    async def ends(self) -> T:
        """What came of it, once ours is over."""
        assert self._task is not None, "the hook was never reached"
        return await self._task

    async def _run(self) -> T:
        async with transaction():
            return await self._work()


@contextmanager
def after(module: ModuleType, name: str, action: Callable[[], Awaitable[object]]) -> Iterator[None]:
    """Once, right after the next call of `module.name` has its result."""
    original = getattr(module, name)

    async def hooked(*args: Any, **named: Any) -> Any:
        setattr(module, name, original)
        result = await original(*args, **named)
        await action()
        return result

    setattr(module, name, hooked)
    try:
        yield
    finally:
        setattr(module, name, original)


@contextmanager
def before(module: ModuleType, name: str, action: Callable[[], Awaitable[object]]) -> Iterator[None]:
    """Once, right before the next call of `module.name`."""
    original = getattr(module, name)

    async def hooked(*args: Any, **named: Any) -> Any:
        setattr(module, name, original)
        await action()
        return await original(*args, **named)

    setattr(module, name, hooked)
    try:
        yield
    finally:
        setattr(module, name, original)


@contextmanager
def without_lock(name: str, unlocked: Callable[..., Awaitable[Any]]) -> Iterator[None]:
    """The deliberately broken variant: a test that does not notice proves nothing."""
    original = getattr(locks, name)
    setattr(locks, name, unlocked)
    try:
        yield
    finally:
        setattr(locks, name, original)
