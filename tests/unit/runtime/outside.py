"""The world beyond the effects, for their tests: it fails and waits as programmed, and time stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from bot.core.events import Event, RowChanged
from bot.core.shard import shard_of
from bot.runtime.attempts import Attempts, Done
from bot.runtime.effects import Effects
from bot.runtime.lease import Lease
from bot.runtime.ledger import Ledger
from bot.runtime.writes import INSERT_EFFECT, NewEffect
from models import Effect
from models.database import execute, transaction

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    now = NOW

    def __call__(self) -> datetime:
        return self.now


class Outside:
    """The world beyond: notes each try, fails as programmed, waits where it is told to."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.given_up: list[str] = []
        self.errors: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.entered = asyncio.Event()

    async def run(self, effect: NewEffect) -> Done:
        self.tried.append(effect.key)
        self.entered.set()
        if gate := self.gates.get(effect.key):
            await gate.wait()
        if errors := self.errors.get(effect.key):
            raise errors.pop(0)
        return Done(events=(RowChanged(len(self.tried)),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        self.given_up.append(f"{effect.key}: {error}")
        return Done()


@asynccontextmanager
async def running(
    outside: Outside, clock: Clock | None = None, told: list[Event] | None = None, lease: Lease | None = None
) -> AsyncIterator[Effects]:
    """A process' effects, from its start to its end."""
    ledger = Ledger(lambda arrivals: None)
    publish = told.append if told is not None else lambda event: None
    own = clock or Clock()
    effects = Effects(Attempts({"send": outside}, ledger, published=publish, clock=own), clock=own, lease=lease)
    effects.start()
    try:
        yield effects
    finally:
        async with asyncio.timeout(30):
            await effects.stop(grace=1.0)
            await ledger.close()


def effect(key: str, lane: str = "lane", *, author: str = "system", epoch: int = 0) -> NewEffect:
    return NewEffect(key, "send", lane, "{}", 1, 1, author, epoch)


async def commit(*effects: NewEffect, due: datetime = NOW) -> None:
    """What a turn does: the rows, committed."""
    rows = [(e.key, e.kind, e.lane, shard_of(e.lane), e.payload, 1, 1, e.author, e.epoch, due, NOW) for e in effects]
    async with transaction() as connection:
        await execute(connection, [(INSERT_EFFECT, rows)])


async def settled(effects: Effects) -> None:
    """Until nothing is under way."""
    async with asyncio.timeout(30):
        while effects.size:
            await asyncio.sleep(0.001)


async def states() -> dict[str, tuple[str, int]]:
    """State and attempts of each row."""
    return {row.key: (row.state, row.attempts) for row in await Effect.all()}


def keys(lane: str, count: int) -> list[NewEffect]:
    return [effect(f"{lane}{number}", lane) for number in range(count)]
