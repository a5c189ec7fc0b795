"""The running Parley: inbox, workers, effects and clock as one object, which the web side and the command line use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.core.capabilities import Capabilities
from bot.core.errors import Refused
from bot.core.events import FailureCount, OrderChanged
from bot.core.message import Inbound
from bot.core.ports import Channel, PaymentProvider, Storage
from bot.runtime import clock
from bot.runtime.bus import Bus
from bot.runtime.courtesy import LOOK_SECONDS, Courtesy
from bot.runtime.effects import Effects, Executor
from bot.runtime.executors import Callee, DialogCall, Send, Store
from bot.runtime.inbox import Inbox, unfinished
from bot.runtime.lanes import Lanes
from bot.runtime.ledger import Ledger, Waiting
from bot.runtime.schedule import Schedule
from bot.runtime.shop import Shop
from bot.runtime.staffing import Staffing
from bot.runtime.worker import TURN_TIMEOUT, Worker
from bot.runtime.writes import Writes
from bot.services import audit, orders
from bot.services.filing import Filing, Limits
from models import Effect
from models import Inbound as InboundRow
from models.database import dialect, transaction

log = logging.getLogger(__name__)

BACKLOG_CHUNK = 2_000
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Parts:
    """What a runtime is made of; `callees` are what dialogs may call."""

    shop: Shop
    channels: Mapping[str, Channel]
    providers: Mapping[str, PaymentProvider]
    storage: Storage
    filing: Filing
    limits: Limits
    callees: Mapping[str, Callee] = field(default_factory=dict)
    most_waiting: int = 100_000
    keep_days: int = 7
    turn_timeout: float = TURN_TIMEOUT
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class Runtime:
    """Start after the database is open; stop before it is closed."""

    def __init__(self, parts: Parts) -> None:
        self.channels = parts.channels
        self.providers = parts.providers
        self.storage = parts.storage
        self.bus = Bus()
        self._parts = parts
        self._lanes = Lanes()
        self._ledger = Ledger(self._arrived)
        self._inbox = Inbox(self._ledger, backlog=lambda: self._lanes.size, most=parts.most_waiting)
        self.courtesy = Courtesy(parts.channels, self._lanes.under_way)
        executors: dict[str, Executor] = {
            "send": Send(parts.channels),
            "store": Store(parts.channels, parts.filing, parts.limits),
            "call": DialogCall(parts.callees, self.accept, self.courtesy.waits),
        }
        self.effects = Effects(
            executors, self._ledger, published=self.bus.publish, parked=self._count_failures, clock=parts.clock
        )
        # SQLite has one writer; on PostgreSQL transactions of different lanes run side by side.
        self._worker = Worker(
            self._lanes,
            self._ledger,
            parts.shop,
            self._committed,
            writers=1 if dialect() == "sqlite" else 4,
            clock=parts.clock,
            turn_timeout=parts.turn_timeout,
        )
        self._staffing = Staffing(
            self._inbox, self._lanes, self.effects, parts.shop.on, self.bus.publish, clock=parts.clock
        )
        self.schedule = Schedule(parts.clock, self.effects.wake)
        self._counting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Take up what an earlier process left, then work. Channels are started once the web side listens."""
        await self._load_backlog()
        self._worker.start()
        self.effects.start()
        self.schedule.every(LOOK_SECONDS, "courtesy", self.courtesy.look)
        self.schedule.every(5.0, "dialogs", self.dialogs_due)
        self.schedule.every(15.0, "orders", self.orders_due)
        self.schedule.every(3600.0, "prune", self._prune)
        self.schedule.start()

    async def start_channels(self) -> None:
        """Begin to receive. Raises `ConfigError` for a token that the platform refuses."""
        for channel in self.channels.values():
            await channel.start(self.accept)

    async def stop(self) -> None:
        """Finish what is under way, stop receiving, leave the rest on disk."""
        await self.schedule.stop()
        await self._worker.stop()
        await self.effects.stop()
        # Not before: a message that is leaving would be cut off, and said again at the next start. What still comes
        # in meanwhile is kept, and handled then.
        await asyncio.gather(*(channel.stop() for channel in self.channels.values()), return_exceptions=True)
        await self._ledger.close()
        await self.bus.close()

    async def _load_backlog(self) -> None:
        last = 0
        while waiting := await unfinished(last, BACKLOG_CHUNK):
            self._lanes.add(waiting)
            last = waiting[-1].id

    async def dialogs_due(self) -> None:
        """Remind and expire what is due, in its lanes."""
        await clock.dialogs_due(self.accept, self._parts.shop.capabilities, self._parts.clock())

    async def orders_due(self) -> None:
        """Expire the orders that were not paid in time; their customers hear of it in their lanes."""
        waiting, changed = await clock.orders_due(self._inbox, self._parts.clock())
        self._lanes.add(waiting)
        for event in changed:
            self.bus.publish(event)

    async def _prune(self) -> None:
        now = self._parts.clock()
        await clock.prune(now - self._parts.keep_days * DAY)
        await clock.purge_uploads(self.storage, now - DAY)

    # in

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """Keep inbounds on disk; returns how many were new. Raises `DatabaseBusy`: answer 503 with Retry-After."""
        new = await self._inbox.accept(inbounds)
        for inbound in inbounds:
            if inbound.kind == "callback" and (channel := self.channels.get(inbound.account)):
                await channel.acknowledge(inbound)
        return new

    @property
    def waiting(self) -> int:
        """Inbounds that are kept and not handled yet."""
        return self._lanes.size

    def _arrived(self, arrivals: Sequence[Waiting]) -> None:
        self._lanes.add(arrivals)

    def _committed(self, writes: Writes) -> None:
        self.effects.offer(writes.effects)
        for event in writes.events:
            self.bus.publish(event)
        if any(row[2] == "parked" for row in writes.failed):
            self._count_failures()

    async def idle(self) -> None:
        """Returns once nothing waits and nothing is under way: for tests and the terminal."""
        while self._lanes.size or self.effects.size:  # noqa: ASYNC110 - two parts that know nothing of each other
            await asyncio.sleep(0.002)

    # staff

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """See `Staffing.take_over`."""
        await self._staffing.take_over(conversation_id, staff_id, force=force)

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        """See `Staffing.give_back`."""
        await self._staffing.give_back(conversation_id, staff_id)

    async def close_conversation(self, conversation_id: int, staff_id: int) -> None:
        """See `Staffing.close`."""
        await self._staffing.close(conversation_id, staff_id)

    async def staff_says(
        self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]
    ) -> int:
        """See `Staffing.staff_says`."""
        return await self._staffing.staff_says(conversation_id, staff_id, client_id, text, files)

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """See `Staffing.note`."""
        return await self._staffing.note(conversation_id, staff_id, client_id, text, files)

    def capabilities(self, account: str) -> Capabilities:
        """What the channel of `account` can show."""
        return self._parts.shop.on(account)

    async def step_order(self, order_id: int, step: str, staff_id: int, note: str) -> None:
        """Staff take a step of an order; its customer hears of it in the conversation. Raises as `orders.advance`."""
        now = self._parts.clock()
        async with transaction() as connection:
            order = await orders.advance(order_id, step, f"staff:{staff_id}", now, note)
            await audit.record(staff_id, f"order.{step}", f"order:{order_id}", now)
            told = await clock.order_changed(order)
            arrivals = await self._inbox.keep_within(connection, [told] if told else [])
        self._lanes.add(arrivals)
        self.bus.publish(OrderChanged(order_id))

    # failures

    async def retry_failure(self, kind: str, id: int) -> None:  # noqa: A002
        """Try a parked effect or inbound again. Raises `Refused("no_failure")`."""
        if kind == "effect":
            # What staff send once more is theirs: a takeover since would hold back a message of the bot for ever.
            await Effect.filter(id=id, state="parked", author="bot").update(author="staff")
            found = await Effect.filter(id=id, state="parked").update(
                state="pending", attempts=0, error="", due_at=self._parts.clock()
            )
            self.effects.wake()
        else:
            # Its attempts stay: they tell the turn that the message is in the thread already.
            found = await InboundRow.filter(id=id, state="parked").update(state="pending", error="")
            # Only who found it parked hands it on: of two clicks the second must not bring it a second time.
            self._lanes.add(one for one in await unfinished(id - 1, 1) if found and one.id == id)
        if not found:
            raise Refused("no_failure")
        self._count_failures()

    def _count_failures(self) -> None:
        task = asyncio.get_running_loop().create_task(self._publish_failures())
        self._counting.add(task)
        task.add_done_callback(self._counting.discard)

    async def _publish_failures(self) -> None:
        parked = await Effect.filter(state="parked").count() + await InboundRow.filter(state="parked").count()
        self.bus.publish(FailureCount(parked))
