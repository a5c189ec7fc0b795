"""The program broken on purpose, in one way each: a simulation that does not notice them proves nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any

from bot.core.errors import DatabaseBusy
from bot.core.message import Inbound
from bot.runtime import attempts, ledger
from bot.runtime.attempts import DONE, Attempts, Done, Later
from bot.runtime.calling import DialogCall
from bot.runtime.effect_lane import EffectLane
from bot.runtime.effects import Effects
from bot.runtime.host import TurnHost
from bot.runtime.inbox import Inbox
from bot.runtime.lanes import Head, Lanes
from bot.runtime.ledger import Kept, Ledger
from bot.runtime.turn import Turn
from bot.runtime.void import Void
from bot.runtime.worker import Worker
from bot.runtime.writes import INBOUND_DONE, NewEffect, Writes
from models.database import Statement, execute, transaction

_later: set[asyncio.Task[Any]] = set()


@contextmanager
def instead(owner: Any, name: str, other: object) -> Iterator[None]:
    own = getattr(owner, name)
    setattr(owner, name, other)
    try:
        yield
    finally:
        setattr(owner, name, own)


def acknowledges_before_the_commit() -> AbstractContextManager[None]:
    """What most frameworks do: the platform hears 200, then the work begins."""
    keep = Inbox.accept

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        task = asyncio.create_task(keep(self, inbounds))
        _later.add(task)
        task.add_done_callback(_later.discard)
        return len(inbounds)

    return instead(Inbox, "accept", accept)


def has_no_unique_key() -> AbstractContextManager[None]:
    """Each delivery of an event is a new event."""
    keep, seen = Ledger.keep, Counter[str]()

    def other(one: Kept) -> Kept:
        account, key = one.key
        seen[key] += 1
        return Kept((account, f"{key}/{seen[key]}") if seen[key] > 1 else one.key, one.inbound, one.payload)

    async def kept(self: Ledger, kept: Sequence[Kept]) -> int:
        return await keep(self, [other(one) for one in kept])

    return instead(Ledger, "keep", kept)


def offers_before_the_commit() -> AbstractContextManager[None]:
    """The effects of a turn start while its rows are still on their way to the disk."""
    made = Worker._made

    async def offering(self: Worker, turn: Turn, head: Head) -> Writes:
        writes = await made(self, turn, head)
        self._committed(writes)
        return writes

    return instead(Worker, "_made", offering)


def marks_done_apart() -> AbstractContextManager[None]:
    """The rows of a turn are one transaction, the mark that it is done is the next one."""
    made, attempt = Worker._made, Worker._attempt

    async def without_mark(self: Worker, turn: Turn, head: Head) -> Writes:
        writes = await made(self, turn, head)
        writes.done.clear()
        return writes

    async def and_then(self: Worker, head: Head) -> BaseException | None:
        error = await attempt(self, head)
        marks = [(INBOUND_DONE, [(waiting.id,) for waiting in head.waiting])]
        while error is None:
            with suppress(DatabaseBusy):
                await self._ledger.record(marks)
                break
            await asyncio.sleep(0.2)
        return error

    @contextmanager
    def both() -> Iterator[None]:
        with instead(Worker, "_made", without_mark), instead(Worker, "_attempt", and_then):
            yield

    return both()


def takes_over_without_hold() -> AbstractContextManager[None]:
    """A takeover does not wait for the message that is leaving."""

    @asynccontextmanager
    async def hold(self: Effects, lane_name: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(lane_name, EffectLane())
        lane.holders += 1
        yield
        lane.holders -= 1

    return instead(Effects, "hold", hold)


def voids_nothing() -> AbstractContextManager[None]:
    """What is in memory leaves, though its row was cancelled by the takeover."""
    return instead(Effects, "void", lambda *_: None)


def voids_what_waits_alone() -> AbstractContextManager[None]:
    """What has its turn leaves, however long it waits for its slot, and what is read from the table later does."""

    def void(self: Effects, lane_name: str, conversation_id: int, epoch: int) -> None:
        lane, now = self._lanes.get(lane_name, EffectLane()), Void(self._clock)
        now.add(conversation_id, epoch)
        self._turns.drop(lane, {effect.key for effect in lane.waiting if effect in now} - {lane.doing})

    return instead(Effects, "void", void)


def looks_at_no_version() -> AbstractContextManager[None]:
    """A turn is written even when somebody changed the conversation meanwhile."""
    return instead(ledger, "unchanged", lambda *_: None)


def undoes_nothing() -> AbstractContextManager[None]:
    """A turn that fails leaves what its services wrote."""
    return instead(TurnHost, "undo", TurnHost.keep)


def sends_fresh_ones_first() -> AbstractContextManager[None]:
    """After a start, new effects do not wait for the older ones in the table."""

    def offer(self: Effects, effects: Sequence[NewEffect]) -> None:
        self._take(effects)

    return instead(Effects, "offer", offer)


def records_before_it_sends() -> AbstractContextManager[None]:
    """At most once: what a crash comes between is never sent."""
    make = Attempts.make

    async def recorded(self: Attempts, effect: NewEffect) -> Later | None:
        await self._record(Done(), (DONE, [(1, self._clock(), effect.key)]))
        return await make(self, effect)

    return instead(Attempts, "make", recorded)


def answers_calls_from_memory() -> AbstractContextManager[None]:
    """The result of a call is handed on after the effect was marked as done."""
    run = DialogCall.run

    async def hasty(self: DialogCall, effect: NewEffect) -> Done:
        async def later(inbounds: Sequence[Inbound]) -> int:
            async def eventually() -> int:
                await asyncio.sleep(0.05)
                return await accept(inbounds)

            task = asyncio.create_task(eventually())
            _later.add(task)
            task.add_done_callback(_later.discard)
            return 1

        accept = self._accept
        with instead(self, "_accept", later):
            return await run(self, effect)

    return instead(DialogCall, "run", hasty)


def retries_at_the_end() -> AbstractContextManager[None]:
    """An inbound that failed queues up again behind the ones that came after it."""
    retry = Lanes.retry

    def behind(self: Lanes, head: Head, delay: float) -> None:
        lane = self._lanes[head.lane]
        lane.waiting.rotate(-len(head.waiting))
        retry(self, head, delay)

    return instead(Lanes, "retry", behind)


def looks_once() -> AbstractContextManager[None]:
    """What may not be sent waits, whatever the customer did since that was found out."""

    async def hold(effect: NewEffect, seen: int, statements: tuple[Statement, ...], *_: object) -> bool:
        held: Statement = ("UPDATE effect SET state = 'held' WHERE key = ?", [(effect.key,)])
        async with transaction() as connection:
            await execute(connection, [held, *statements])
        return True

    return instead(attempts, "hold", hold)


VARIANTS: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "whole": nullcontext,
    "acknowledges-first": acknowledges_before_the_commit,
    "no-unique-key": has_no_unique_key,
    "offers-first": offers_before_the_commit,
    "marks-done-apart": marks_done_apart,
    "no-hold": takes_over_without_hold,
    "no-void": voids_nothing,
    "void-once": voids_what_waits_alone,
    "no-version": looks_at_no_version,
    "no-undo": undoes_nothing,
    "fresh-first": sends_fresh_ones_first,
    "records-first": records_before_it_sends,
    "result-in-memory": answers_calls_from_memory,
    "retries-last": retries_at_the_end,
    "no-second-look": looks_once,
}
