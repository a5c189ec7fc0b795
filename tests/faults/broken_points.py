"""Not broken, but mortal: a process that kills itself at a named point, the n-th time that it comes there."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import Awaitable, Callable
from importlib import import_module
from itertools import count
from typing import Any

Coroutine = Callable[..., Awaitable[Any]]
BEFORE, AFTER, SOON = "before", "after", "soon after"
#: What the platform needs to see its 200, and no work of ours does, seconds.
A_MOMENT = 0.003

#: Where a process dies, and on which side of that call. All are on the way of a message, a file or a lease.
POINTS: dict[str, tuple[str, str]] = {
    "before-commit": ("bot.runtime.ledger:Ledger._commit", BEFORE),
    "after-commit": ("bot.runtime.ledger:Ledger._commit", AFTER),
    "before-ack": ("bot.runtime.runtime:Runtime.accept", AFTER),
    "after-ack": ("bot.runtime.runtime:Runtime.accept", SOON),
    "before-handler": ("bot.runtime.turn:Turn.run", BEFORE),
    "after-handler": ("bot.runtime.turn:Turn.run", AFTER),
    "before-effect": ("bot.runtime.ledger:Ledger.write", BEFORE),
    "after-effect": ("bot.runtime.ledger:Ledger.write", AFTER),
    "before-transaction-ends": ("bot.runtime.worker:finish", BEFORE),
    "after-last-statement": ("bot.runtime.worker:finish", AFTER),
    "after-transaction": ("bot.runtime.worker:Worker._together", AFTER),
    "before-send": ("bot.channels.telegram.channel:TelegramChannel.send", BEFORE),
    "after-send": ("bot.channels.telegram.channel:TelegramChannel.send", AFTER),
    "before-record": ("bot.runtime.ledger:Ledger.record", BEFORE),
    "after-record": ("bot.runtime.ledger:Ledger.record", AFTER),
    "before-put": ("bot.storage.local:LocalStorage.put", BEFORE),
    "after-put": ("bot.storage.local:LocalStorage.put", AFTER),
    "after-s3-put": ("bot.storage.s3:S3Storage.put", AFTER),
    "before-file-row": ("bot.services.attachments:stored", BEFORE),
    "after-file-row": ("bot.services.attachments:stored", AFTER),
    "before-renewal": ("bot.runtime.roll:renew", BEFORE),
    "after-renewal": ("bot.runtime.roll:renew", AFTER),
}


def dies_at(point: str, time: str = "1") -> None:
    """`after-send`, `3`: when the third call of it is over."""
    dies_there(*POINTS[point], int(time))


def dies_there(where: str, side: str, time: int) -> None:
    """`module:path`, which side of the call, and which call of it."""
    module, _, path = where.partition(":")
    owner: Any = import_module(module)
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    setattr(owner, name, _mortal(getattr(owner, name), side, time))


def _mortal(original: Coroutine, side: str, time: int) -> Coroutine:
    before, after = count(1), count(1)

    @functools.wraps(original)
    async def passes(*values: Any, **named: Any) -> Any:
        if side == BEFORE and next(before) == time:
            die()
        result = await original(*values, **named)
        if side != BEFORE and next(after) == time:
            if side == AFTER:
                die()
            asyncio.get_running_loop().call_later(A_MOMENT, die)
        return result

    return passes


def die() -> None:
    """At once, as the kernel does it."""
    os.kill(os.getpid(), signal.SIGKILL)


def records_before_it_sends() -> None:
    """What is to be sent counts as sent when it begins to leave."""
    from datetime import UTC, datetime

    from bot.runtime.attempts import DONE, Attempts, Later

    make = Attempts.make

    async def recorded_first(self: Attempts, effect: Any) -> Later | None:
        await self._ledger.record([(DONE, [(effect.attempts + 1, datetime.now(UTC), effect.key)])])
        return await make(self, effect)

    Attempts.make = recorded_first  # type: ignore[method-assign]


def writes_in_two_commits() -> None:
    """That a message is done is one commit, and what was answered the next."""
    from bot.runtime.ledger import Ledger
    from bot.runtime.writes import INBOUND_DONE

    write = Ledger.write

    async def apart(self: Ledger, statements: Any, conversation_id: int, version: int) -> None:
        done = [one for one in statements if one[0] == INBOUND_DONE]
        await self.record(done)
        await write(self, [one for one in statements if one[0] != INBOUND_DONE], conversation_id, version)

    Ledger.write = apart  # type: ignore[method-assign]


def runs_again() -> None:
    """Whatever the database did not tell of has not happened."""
    from bot.runtime.doubts import Doubts

    async def never(self: Doubts, head: Any) -> bool:
        return False

    Doubts.is_over = never  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[..., None]] = {
    "dies": dies_at,
    "records-first": records_before_it_sends,
    "writes-in-two": writes_in_two_commits,
    "runs-again": runs_again,
}
