"""Ways in which a process is broken on purpose: each must be noticed by the part of the programme that names it."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.app import App
from bot.core.errors import DatabaseBusy, StorageUnavailable
from bot.core.message import Inbound
from bot.core.ports import StoredFile
from bot.runtime import attempts, failures, retry, worker
from bot.runtime.effects import Effects
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Kept, Ledger
from bot.runtime.staffing import Staffing
from models.database import fetch

_later: set[asyncio.Task[int]] = set()


def acknowledges_before_the_commit() -> None:
    """What most frameworks do: the platform hears 200, then the work begins."""
    keep, numbers = Inbox.accept, itertools.count(1)

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        async def eventually() -> int:
            await asyncio.sleep(min(2.0, 0.2 * next(numbers)))
            return await keep(self, inbounds)

        _later.add(asyncio.create_task(eventually()))
        return len(inbounds)

    Inbox.accept = accept  # type: ignore[method-assign]


def acknowledges_after_the_work() -> None:
    """The answer waits for more than the commit."""
    keep = Inbox.accept

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        new = await keep(self, inbounds)
        await asyncio.sleep(0.5)
        return new

    Inbox.accept = accept  # type: ignore[method-assign]


def _as(one: Kept, key: str) -> Kept:
    """The same event under another key."""
    return type(one)((one.key[0], key), one.inbound, one.payload)


def has_no_unique_key() -> None:
    """Each delivery of an event is a new event."""
    keep, numbers = Ledger.keep, itertools.count()

    async def kept(self: Ledger, kept: Sequence[Kept]) -> int:
        other = [_as(one, f"{one.key[1]}/{next(numbers)}") for one in kept]
        return await keep(self, other)

    Ledger.keep = kept  # type: ignore[method-assign]


def looks_then_writes() -> None:
    """The usual deduplication: a question first, and no key that decides."""
    keep, numbers = Ledger.keep, itertools.count()

    async def kept(self: Ledger, kept: Sequence[Kept]) -> int:
        fresh = []
        for one in kept:
            account, key = one.key
            if not await fetch("SELECT 1 FROM inbound WHERE account = ? AND key LIKE ?", (account, f"{key}/%")):
                fresh.append(_as(one, f"{key}/{next(numbers)}"))
        return await keep(self, fresh)

    Ledger.keep = kept  # type: ignore[method-assign]


def drops_when_full() -> None:
    """Too much waits: 200, and forgotten."""
    keep = Inbox.accept

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        try:
            return await keep(self, inbounds)
        except DatabaseBusy:
            return 0

    Inbox.accept = accept  # type: ignore[method-assign]


def never_drains() -> None:
    """The end waits for work that does not end, beyond all limits."""

    async def stop(self: App) -> None:
        async def clings() -> None:
            await asyncio.sleep(60)

        await asyncio.shield(asyncio.ensure_future(clings()))

    App.stop = stop  # type: ignore[method-assign]
    from bot.cli import run

    run.DRAIN = 60.0


def ignores_retry_after() -> None:
    """Comes back as soon as it likes."""
    vars(attempts)["effect_delay"] = lambda error, times: min(0.5, retry.effect_delay(error, times) or 0.5)


def gives_up_at_once() -> None:
    """One failure of the platform, and the message is parked."""
    vars(attempts)["effect_delay"] = lambda error, times: None


def one_turn_at_a_time() -> None:
    """Whoever hangs holds up everybody."""
    worker.AT_ONCE = 1


def never_looks() -> None:
    """Whoever blocks the process has it for as long as they like."""
    from bot.runtime.blocking import Watch

    Watch.start = lambda self: None  # type: ignore[method-assign]


def holds_for_long() -> None:
    """A handler may keep a transaction for as long as a turn may take, and as many at once as there are."""
    from bot.runtime import guard
    from bot.runtime.suspects import Suspects

    guard.HOLD_TIMEOUT = 60.0
    Suspects.admit = lambda self, handler, lane: None  # type: ignore[method-assign]


def never_parks() -> None:
    """A turn that fails is tried for ever."""
    vars(failures)["turn_delay"] = lambda attempts: 0.2


def believes_the_store() -> None:
    """A file counts as stored, whatever the store said."""
    from bot.storage.s3 import S3Storage

    put = S3Storage.put

    async def hopeful(
        self: S3Storage, key: str, chunks: AsyncIterator[bytes], *, media_type: str, limit: int
    ) -> StoredFile:
        try:
            return await put(self, key, chunks, media_type=media_type, limit=limit)
        except StorageUnavailable:
            return StoredFile(key, 1, "0" * 64, media_type)

    S3Storage.put = hopeful  # type: ignore[method-assign]


def takes_over_without_a_hold() -> None:
    """The owner changes, and what the bot has queued in memory leaves all the same."""

    @asynccontextmanager
    async def hold(self: Effects, lane_name: str) -> AsyncIterator[None]:
        yield

    Effects.hold = hold  # type: ignore[method-assign]
    Effects.void = lambda *_: None  # type: ignore[method-assign]


def lets_everybody_take_over() -> None:
    """Nobody asks whether a colleague has the conversation."""
    take = Staffing.take_over

    async def take_over(self: Staffing, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        await take(self, conversation_id, staff_id, force=True)

    Staffing.take_over = take_over  # type: ignore[method-assign]


def short_leases() -> None:
    """Not broken: only quicker to be given up, for tests that cannot wait."""
    from bot.runtime import lease

    lease.Terms.__init__.__defaults__ = (3.0, 0.5, 1.0)  # type: ignore[attr-defined]


def commits_without_a_fence() -> None:
    """Whoever has begun something ends it and writes it, whatever happened to the lanes meanwhile."""
    from bot.runtime import ledger
    from models import database
    from models.engines.postgres import Postgres

    async def leaves_them(self: Postgres, connection: Any, session: str) -> None:
        """Nobody ends the connections of the dead."""

    async def is_fine(*_: Any) -> None:
        """Nobody looks."""

    unchanged = database.unchanged
    vars(ledger)["unchanged"] = lambda table, versions, _: unchanged(table, versions)
    vars(worker)["assure"] = vars(failures)["assure"] = is_fine
    Postgres.end_sessions = leaves_them  # type: ignore[method-assign]
    worker.Worker.abandon = is_fine  # type: ignore[method-assign]
    short_leases()


def believes_in_its_lease() -> None:
    """A node takes its lease to last until the database says otherwise, which it asks after a second."""
    from bot.runtime.cluster import Cluster
    from bot.runtime.lease import Lease

    renew = Cluster._renew

    async def late(self: Cluster) -> None:
        if not _lasts(self._lease):
            await asyncio.sleep(1.0)
        await renew(self)

    _lasts = Lease.lasts
    Lease.lasts = lambda self: self.node > 0  # type: ignore[method-assign]
    Lease.left = lambda self: 3.0  # type: ignore[method-assign]
    Lease.until = math.inf  # type: ignore[method-assign, assignment]
    Cluster._renew = late  # type: ignore[method-assign]
    short_leases()


def gives_without_rest() -> None:
    """A node gives lanes away to another one, and goes on with what it has of them."""
    from bot.runtime.shares import Shares

    async def give(self: Shares, shards: Collection[int], patience: float) -> set[int]:
        return set(shards)

    Shares.give = give  # type: ignore[method-assign]


def takes_over_from_afar() -> None:
    """Whoever is asked takes over, whichever node works on the lane."""
    from bot.runtime.desk import Desk

    async def here(self: Desk, verb: str, conversation_id: int, **arguments: object) -> Any:
        return await self._staffing.run(verb, {"conversation_id": conversation_id, **arguments})

    async def is_fine(*_: Any) -> None:
        """Nobody looks whose lane it is."""

    Desk._on_lane = here  # type: ignore[method-assign]
    Staffing._assure = is_fine  # type: ignore[method-assign]


def _pushes(change: Callable[[list[Any]], list[Any]]) -> None:
    from web.chat_feed import ChatFeed, ChatSocket

    push = ChatFeed._push_bodies

    async def pushed(self: ChatFeed, socket: ChatSocket, bodies: Iterable[tuple[int, Any]]) -> None:
        mine = [body for body in bodies if body[0] > socket.sent]
        left = change(mine)
        for body in left if len(left) > len(mine) else ():
            await self._send(socket.sid, "message", body[1])
        await push(self, socket, left)
        if mine:
            socket.sent = max(socket.sent, mine[-1][0])

    ChatFeed._push_bodies = pushed  # type: ignore[method-assign]


def loses_a_push() -> None:
    """One message in twenty is believed to have been sent to the browser."""
    _pushes(lambda bodies: [body for body in bodies if body[0] % 20])


def pushes_twice() -> None:
    """One message in twenty is sent to the browser again."""
    _pushes(lambda bodies: bodies + [body for body in bodies if not body[0] % 20])


def never_cuts() -> None:
    """The library's own behaviour: a queue without an end for whoever does not read."""
    from web.sockets import Namespace

    async def is_fine(self: Namespace, sid: str) -> bool:
        return False

    Namespace.cut_if_slow = is_fine  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "acknowledges-first": acknowledges_before_the_commit,
    "acknowledges-late": acknowledges_after_the_work,
    "no-unique-key": has_no_unique_key,
    "looks-then-writes": looks_then_writes,
    "drops-when-full": drops_when_full,
    "never-drains": never_drains,
    "ignores-retry-after": ignores_retry_after,
    "gives-up-at-once": gives_up_at_once,
    "one-turn-at-a-time": one_turn_at_a_time,
    "never-parks": never_parks,
    "never-looks": never_looks,
    "holds-for-long": holds_for_long,
    "believes-the-store": believes_the_store,
    "takes-over-without-a-hold": takes_over_without_a_hold,
    "everybody-takes-over": lets_everybody_take_over,
    "loses-a-push": loses_a_push,
    "pushes-twice": pushes_twice,
    "never-cuts": never_cuts,
    "short-leases": short_leases,
    "no-fence": commits_without_a_fence,
    "no-deadline": believes_in_its_lease,
    "gives-without-rest": gives_without_rest,
    "takes-over-from-afar": takes_over_from_afar,
}
