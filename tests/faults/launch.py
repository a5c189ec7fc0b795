"""`python -m tests.faults.launch VARIANT …`: the real command line, whole or broken in one way that a test must see."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.__main__ import main
from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Kept, Ledger

_later: set[asyncio.Task[int]] = set()


def acknowledges_before_the_commit() -> None:
    """What most frameworks do: the platform hears 200, then the work begins."""
    keep, numbers = Inbox.accept, itertools.count(1)

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        async def eventually() -> int:
            await asyncio.sleep(0.2 * next(numbers))
            return await keep(self, inbounds)

        _later.add(asyncio.create_task(eventually()))
        return len(inbounds)

    Inbox.accept = accept  # type: ignore[method-assign]


def has_no_unique_key() -> None:
    """Each delivery of an event is a new event."""
    keep, numbers = Ledger.keep, itertools.count()

    async def kept(self: Ledger, kept: Sequence[Kept]) -> int:
        other = [replace(one, key=(one.key[0], f"{one.key[1]}/{next(numbers)}")) for one in kept]
        return await keep(self, other)

    Ledger.keep = kept  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "whole": lambda: None,
    "acknowledges-first": acknowledges_before_the_commit,
    "no-unique-key": has_no_unique_key,
}

if __name__ == "__main__":
    VARIANTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
