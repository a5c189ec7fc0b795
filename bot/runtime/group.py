"""Group commit: whatever has arrived while the last commit ran becomes one commit.

Who comes alone is committed at once. Where small commits in close order would keep others from theirs, a gap between
the beginnings of two of them lets more share each.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from bot.core.errors import DatabaseBusy

T = TypeVar("T")
R = TypeVar("R")

#: Items of one commit; what is beyond waits for the next.
MOST_AT_ONCE = 512


class GroupCommit(Generic[T, R]):
    """`flush` gets everything that waits and commits it in one transaction; each submitter gets its own result.

    Where it returns fewer results than it got items, at least one, the others come first the next time, fewer at once.
    A result that is an exception is raised where it was submitted. Whoever was cut off while it waited is committed all
    the same, or left out. `gap` is in seconds.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int = MOST_AT_ONCE,
        leaves_out: bool = False,
        gap: float = 0.0,
    ) -> None:
        self._flush = flush
        self._gap = gap
        self._leaves_out = leaves_out
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._many = most
        self._wake = asyncio.Event()
        self._closing = False
        # A clean context: started inside a transaction, the task would inherit its connection.
        self._task = asyncio.create_task(self._run(), context=contextvars.Context())

    async def submit(self, item: T) -> R:
        """Returns once `item` is committed; raises what the commit raised. `DatabaseBusy` once we are closing."""
        if self._closing:
            raise DatabaseBusy("this process is stopping", after=1.0)
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._wake.set()
        return await future

    async def close(self) -> None:
        """Commit what waits, then stop."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        while self._waiting or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                group, self._waiting = self._waiting[: self._many], self._waiting[self._many :]
                earliest = now() + self._gap
                left = await self._commit(group)
                self._many = len(group) - len(left) if left else min(2 * self._many, self._most)
                self._waiting = left + self._waiting
                if not self._closing and (rest := earliest - now()) > 0:
                    await asyncio.sleep(rest)

    async def _commit(self, group: list[tuple[T, asyncio.Future[R]]]) -> list[tuple[T, asyncio.Future[R]]]:
        """Returns those that must come again."""
        if self._leaves_out:
            group = [one for one in group if not one[1].done()]
            if not group:
                return []
        try:
            results = await self._flush([item for item, _ in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, DatabaseBusy):
                for one in group:  # one of them is to blame: the others must not suffer for it
                    await self._commit([one])
                return []
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return []
        done, left = group[: len(results)], group[len(results) :]
        for (_, future), result in zip(done, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        return left
