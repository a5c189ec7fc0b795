"""Takes lanes that are ready, runs their turns, and hands on what follows from them once it is on disk.

A turn runs outside any transaction, so one that hangs holds up nobody but its own lane. What it wants written goes into
the ledger's next commit, beside what has arrived meanwhile, and is refused there if somebody else changed the
conversation since it was read. Such a turn, and one whose handler wants a service that writes, runs again from the
start inside a transaction that holds the conversation.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import DatabaseBusy, LeaseLost
from bot.runtime.blocking import Watch
from bot.runtime.doubts import Doubts
from bot.runtime.failures import Failures
from bot.runtime.group import GroupCommit
from bot.runtime.guard import Guard, own_time
from bot.runtime.host import NeedsTransaction
from bot.runtime.lanes import Head, Lanes
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.ledger import Ledger
from bot.runtime.meeting import Meeting
from bot.runtime.platforms.profiles import Introductions
from bot.runtime.remembered import Remembered
from bot.runtime.retry import HeldUp, was_parked
from bot.runtime.roll import assure_node
from bot.runtime.shop import Shop
from bot.runtime.state import ConversationState, load_states
from bot.runtime.suspects import Postponed
from bot.runtime.turn import Turn
from bot.runtime.writes import INBOUND_DONE, Writes
from models import locks
from models.database import Overtaken, finish, transaction

log = logging.getLogger(__name__)

#: A turn that takes longer has a handler that hangs, seconds.
TURN_TIMEOUT = 10.0
#: Turns under way at once, over all lanes.
AT_ONCE = 256
#: Turns that share one transaction, or one reading.
BATCH = 48
_HANGS = "a handler hangs"
#: How long work rests while the database is busy, seconds.
BUSY_REST = 0.5
Committed = Callable[[Writes], None]
Clock = Callable[[], datetime]
Made = tuple[Head, Writes]


class Worker:
    """`committed` is called after each commit with what was written, `in_doubt` when one was made and not told.

    `writers` transactions may run side by side.
    """

    def __init__(
        self,
        lanes: Lanes,
        ledger: Ledger,
        shop: Shop,
        committed: Committed,
        *,
        in_doubt: Callable[[], None] = lambda: None,
        writers: int = 1,
        clock: Clock = lambda: datetime.now(UTC),
        turn_timeout: float = TURN_TIMEOUT,
        lease: Lease | None = None,
        watch: Watch | None = None,
        introductions: Introductions | None = None,
    ) -> None:
        self._introductions = introductions or Introductions({})
        self._watching = watch or Watch()
        self._lanes = lanes
        self._ledger = ledger
        self._shop = shop
        self._committed = committed
        self._writers = writers
        self._clock = clock
        self._turn_timeout = turn_timeout
        self._lease = lease or WholeDatabase()
        self._doubts = Doubts(committed, in_doubt)
        self._failures = Failures(lanes, shop, committed, self._doubts, clock, self._lease)
        self._under_way: dict[str, asyncio.Task[None]] = {}  # by lane
        self._remembered = Remembered()
        self._running: dict[str, float] = {}  # since when a handler runs on the lane, by the loop's clock
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._watching.start()
        self._guard = Guard(self._watching, self._turn_timeout, asyncio.get_running_loop().time)
        self._meeting = Meeting(self._shop, self._introductions, self._clock, BATCH)
        self._transactions: list[GroupCommit[Head, BaseException | None]] = [
            GroupCommit(self._batch, most=BATCH, leaves_out=True) for _ in range(self._writers)
        ]
        # A clean context: started inside a transaction, the task would inherit its connection.
        clean = contextvars.Context()
        self._task = asyncio.create_task(self._run(), context=clean, name="worker")
        self._watch = asyncio.create_task(self._stop_hanging_handlers(), context=clean, name="worker watch")

    async def stop(self, grace: float = 5.0) -> None:
        """Take nothing more and finish the turns under way; after `grace` seconds they are left to the next process."""
        if self._task is None:
            return
        self._task.cancel()
        self._watch.cancel()
        under_way = [*self._under_way.values()]
        await asyncio.wait([self._task, self._watch, *under_way], timeout=grace)
        for late in under_way:
            late.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await asyncio.gather(self._meeting.close(), *(group.close() for group in self._transactions))
        self._watching.stop()

    async def abandon(self) -> None:
        """Another node has the lanes: what is under way ends, and nothing of it is written."""
        under_way = [*self._under_way.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        self._remembered.clear()
        self._doubts.clear()

    def forget(self, contact_id: int) -> None:
        """This person was erased: nothing of them stays in memory."""
        self._remembered.forget(contact_id)

    async def _run(self) -> None:
        while True:
            while len(self._under_way) >= AT_ONCE:
                self._room.clear()
                await self._room.wait()
            for head in await self._lanes.take(AT_ONCE - len(self._under_way)):
                if self._lease.lasts():
                    self._under_way[head.lane] = asyncio.create_task(self._handle(head))
                else:  # we have slept too long; who has the lane now is asked soon
                    self._lanes.postpone(head, BUSY_REST)

    async def _stop_hanging_handlers(self) -> None:
        """A look at all of them now and then, since an alarm for each would cost every message."""
        while True:
            await asyncio.sleep(self._turn_timeout / 10)
            latest = asyncio.get_running_loop().time() - self._turn_timeout
            for lane, since in self._running.items():
                if since < latest:
                    self._under_way[lane].cancel(_HANGS)
            self._remembered.forget_old()

    async def _handle(self, head: Head) -> None:
        try:
            await self._settle(head)
        finally:
            del self._under_way[head.lane]
            self._room.set()

    async def _settle(self, head: Head) -> None:
        """One head, to its end: done, to be tried again, or parked. The lane is let go last."""
        try:
            error = await self._attempt(head)
        except DatabaseBusy:
            log.warning("the database is busy", extra={"action": "worker.busy"})
            self._doubts.note(head)
            self._lanes.postpone(head, BUSY_REST)
            return
        except (LeaseLost, Postponed) as later:
            # Where the lease is lost, whoever has the lane runs it. Ours is forgotten when we know who that is.
            self._lanes.postpone(head, later.after if isinstance(later, Postponed) else BUSY_REST)
            return
        except Exception as failure:  # the turn's own fault; it becomes a row
            error = failure
        if error is None:
            self._lanes.done(head)
        else:
            await self._failures.record(head, error)

    async def _attempt(self, head: Head) -> BaseException | None:
        if await self._doubts.is_over(head):
            return None
        try:
            remembered = self._remembered.take(head.lane)
            if remembered is None or not await self._holds(remembered, head):
                await self._freely(await self._meeting.conversation(head.waiting[0].inbound), head)
        except (NeedsTransaction, Overtaken):
            return await self._transactions[head.waiting[0].id % self._writers].submit(head)
        return None

    # outside any transaction

    async def _holds(self, remembered: ConversationState, head: Head) -> bool:
        """Run the turn from what the last one left behind; False when somebody changed it since."""
        try:
            await self._freely(remembered, head)
        except Overtaken:
            return False
        return True

    async def _freely(self, state: ConversationState | None, head: Head) -> None:
        """Raises `NeedsTransaction`, `Overtaken`, `DatabaseBusy` or what the handler raised: nothing is written."""
        now = self._clock()
        if state is None:
            await self._ledger.record([(INBOUND_DONE, head.ids)])
            return
        turn = self._turn(None, state, head, now)
        self._running[head.lane] = asyncio.get_running_loop().time()
        try:
            made = await self._made(turn, head)
        except asyncio.CancelledError as error:
            if error.args != (_HANGS,):
                raise
            self._under_way[head.lane].uncancel()
            raise TimeoutError(_HANGS) from None
        finally:
            del self._running[head.lane]
        try:
            await self._ledger.write(made.statements(now), state.id, state.version)
        except DatabaseBusy:
            self._doubts.note(head, made)
            raise
        self._remembered.keep(state)
        self._committed(made)

    # inside a transaction

    async def _batch(self, heads: Sequence[Head]) -> list[BaseException | None]:
        """One transaction for the first; a turn that fails is undone alone, and its error returned in its place."""
        made: list[Made] = []
        try:
            return await self._together(heads, made)
        except DatabaseBusy:
            for head, writes in made:
                self._doubts.note(head, writes)
            raise
        except LeaseLost as error:  # returned, since what is raised is tried again, one by one
            return [error for _ in heads]

    async def _together(self, heads: Sequence[Head], made: list[Made]) -> list[BaseException | None]:
        """`made` is what each turn that went well wants written; it is known also when the commit is not told.

        Who has locked what other customers want, as a product, is the last: they wait for this turn alone.
        """
        now, node, writes = self._clock(), self._lease.node, Writes()
        errors: list[BaseException | None] = []
        async with transaction() as connection:
            states = await load_states(connection, [head.waiting[0].inbound for head in heads], now, self._shop.meets)
            with locks.counted() as taken:
                for head in heads:
                    errors.append(await self._within(connection, states.get(head.lane), head, now, made))
                    if taken.wanted:
                        break
            for _, one in made:
                writes.add(one)
            await assure_node(node, connection)
            await finish(connection, writes.statements(now))
        self._committed(writes)
        return errors

    async def _within(
        self,
        connection: BaseDBAsyncClient,
        state: ConversationState | None,
        head: Head,
        now: datetime,
        made: list[Made],
    ) -> BaseException | None:
        if state is None:  # forgotten since it was read
            made.append((head, Writes(done=head.ids)))
            return None
        turn = self._turn(connection, state, head, now)
        try:
            async with own_time(self._turn_timeout) as limit:
                writes = await self._made(turn, head)
            await turn.host.keep()
        except DatabaseBusy:
            raise
        except Exception as error:  # the turn's own fault
            await turn.host.undo()
            return HeldUp("a turn holds its transaction") if limit.expired() else error
        made.append((head, writes))
        return None

    def _turn(self, connection: BaseDBAsyncClient | None, state: ConversationState, head: Head, now: datetime) -> Turn:
        inbounds = [waiting.inbound for waiting in head.waiting]
        run = partial(self._guard.run, head.lane, connection is not None)
        return Turn(self._shop, state, inbounds, connection, now, run, in_thread=was_parked(head.waiting[0].attempts))

    async def _made(self, turn: Turn, head: Head) -> Writes:
        made = await turn.run()
        made.done += head.ids
        return made
