"""The running Parley: inbox, workers, effects and clock as one object, which the web side and the command line use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.capabilities import Capabilities
from bot.core.errors import LeaseLost
from bot.core.events import ContactErased, Event, WorkArrived
from bot.core.message import FROM_CUSTOMER, Inbound
from bot.core.ports import Channel, PaymentProvider, Storage
from bot.core.shard import shard_of
from bot.runtime import order_steps, pruning, timers
from bot.runtime.attempts import Attempts, Executor
from bot.runtime.blocking import Watch
from bot.runtime.bus import Bus
from bot.runtime.courtesy import LOOK_SECONDS, Courtesy
from bot.runtime.duties import pulls
from bot.runtime.effects import Effects
from bot.runtime.executors import Callee, DialogCall, Send, Store
from bot.runtime.inbox import Inbox
from bot.runtime.intake import Intake
from bot.runtime.lanes import Lanes
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.ledger import Ledger
from bot.runtime.node import EVERY_ROLE, Membership, Node, refuse
from bot.runtime.parked import Parked
from bot.runtime.platforms import forgetting, open_calls
from bot.runtime.platforms.forgetting import Forget
from bot.runtime.platforms.open_calls import HeldCalls
from bot.runtime.platforms.profiles import AskProfile
from bot.runtime.schedule import TICK_SECONDS, Schedule
from bot.runtime.shares import Shares
from bot.runtime.shop import Shop
from bot.runtime.staffing import Staffing
from bot.runtime.worker import TURN_TIMEOUT, Worker
from bot.runtime.writes import NewEffect, Writes
from bot.services.filing import Filing, Limits
from models.database import engine

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
    block_timeout: float = 0.0  # nobody looks
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    roles: Collection[str] = EVERY_ROLE
    membership: Membership = field(default_factory=Membership)
    calls: HeldCalls = field(default_factory=HeldCalls)


class Runtime:
    """Start after the database is open; stop before it is closed."""

    def __init__(self, parts: Parts) -> None:
        self.channels = parts.channels
        self.providers = parts.providers
        self.storage = parts.storage
        self.bus = Bus()
        self._parts = parts
        self._roles = frozenset(parts.roles)
        self._lanes = Lanes()
        self._lease = Lease() if engine().is_shared else WholeDatabase()
        self._intake = Intake(self._lanes, self._lease, parts.most_waiting, self.bus.publish)
        self._ledger = Ledger(self._intake.arrived, self._lease, in_doubt=self._intake.doubt, known=self._intake.known)
        self._inbox = Inbox(self._ledger, backlog=self._backlog, most=parts.most_waiting)
        self.courtesy = Courtesy(parts.channels, self._lanes.under_way)
        self._parked = Parked(self._intake.arrived, self.wake, self.bus.publish, parts.clock)
        self.attempts = Attempts(
            self._executors(),
            self._ledger,
            published=self.bus.publish,
            parked=self._parked.changed,
            clock=parts.clock,
        )
        self.effects = Effects(self.attempts, clock=parts.clock, lease=self._lease)
        # SQLite has one writer; on PostgreSQL transactions of different lanes run side by side.
        self._worker = Worker(
            self._lanes,
            self._ledger,
            parts.shop,
            self._committed,
            in_doubt=self.effects.doubt,
            writers=4 if engine().is_shared else 1,
            clock=parts.clock,
            turn_timeout=parts.turn_timeout,
            lease=self._lease,
            watch=Watch(parts.block_timeout),
        )
        self._staffing = Staffing(
            self._inbox,
            self._intake.arrived,
            self._offer,
            self.effects,
            parts.shop.on,
            self.bus.publish,
            clock=parts.clock,
            lease=self._lease,
        )
        self.schedule = Schedule(parts.clock, self.wake)
        self._node = self._as_one_of_many() if self._lease.is_shared else None
        self._leaves = False

    def _executors(self) -> dict[str, Executor]:
        parts = self._parts
        return {
            "send": Send(parts.channels, parts.clock),
            "profile": AskProfile(parts.channels),
            "forget": Forget(parts.channels, parts.storage, self.bus.publish, parts.clock),
            "store": Store(parts.channels, parts.filing, parts.limits),
            "call": DialogCall(parts.callees, self.accept, self.courtesy.waits),
        }

    def _as_one_of_many(self) -> Node:
        return Node(
            self._lease,
            Shares(self._lanes, self._worker, self.effects, self._intake),
            self._intake,
            self.effects,
            self.bus,
            self._roles,
            self.channels,
            self.accept,
            self._staffing.run,
            self._parts.membership,
            self._parts.most_waiting,
        )

    async def start(self) -> None:
        """Take up what an earlier process left, then work. Channels are started once the web side listens."""
        await self._intake.start()
        self.bus.subscribe(ContactErased.topic, self._on_erased)
        if "worker" in self._roles:
            self._worker.start()
            self.effects.start()
            self.schedule.every(LOOK_SECONDS, "courtesy", self.courtesy.look)
        if self._node:
            await self._node.start()
        if "scheduler" in self._roles:
            self.schedule.every(TICK_SECONDS, "reports", self.schedule.tick)
            self.schedule.every(5.0, "dialogs", self.dialogs_due)
            self.schedule.every(15.0, "orders", self.orders_due)
            self.schedule.every(3600.0, "prune", self._prune)
        self.schedule.start()

    async def _on_erased(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, ContactErased):
                self._worker.forget(event.contact_id)

    async def start_channels(self) -> None:
        """Begin to receive. Raises `ConfigError` for a token that the platform refuses."""
        for channel in self.channels.values() if "web" in self._roles else ():
            if self._node is None or not pulls(channel):
                await channel.start(self.accept)
        if self._node:
            await self._node.receive()

    async def stop(self) -> None:
        """Finish what is under way, stop receiving, leave the rest on disk."""
        await self.schedule.stop()
        if self._node:
            self._node.rest()
        await self._worker.stop()
        await self.effects.stop()
        # Not before: a message that is leaving would be cut off, and said again at the next start. What still comes
        # in meanwhile is kept, and handled then.
        await asyncio.gather(*(channel.stop() for channel in self.channels.values()), return_exceptions=True)
        await self._ledger.close()
        await self._intake.stop()
        if self._node:
            await self._node.stop()
        await self.bus.close()

    async def abandon(self) -> None:
        """`stop` took too long: what is under way is cut off, and other nodes go on with it at once."""
        if self._node:
            await self._node.abandon()
            await self._node.stop()

    def leave(self) -> None:
        """From here on this node asks for no more visitors; it works as before."""
        self._leaves = True

    async def dialogs_due(self) -> None:
        """Remind and expire what is due, in its lanes."""
        await timers.dialogs_due(self.accept, self._parts.shop.capabilities, self._parts.clock())

    async def orders_due(self) -> None:
        """See `order_steps.expire`."""
        self._stepped(await order_steps.expire(self._inbox, self._parts.clock()))

    async def _prune(self) -> None:
        now = self._parts.clock()
        await open_calls.prune()
        await pruning.prune(now - self._parts.keep_days * DAY)
        await pruning.purge_uploads(self.storage, now - DAY)

    # in

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """Keep inbounds on disk; returns how many were new. Raises `DatabaseBusy`: answer 503 with Retry-After."""
        if inbounds:
            refuse(self._node)
        new = await self._inbox.accept(inbounds)
        if inbounds:
            # Kept by a node that was buried meanwhile, it may be overtaken by what others keep: it has to come again.
            refuse(self._node)
        for inbound in inbounds:
            if inbound.kind == "callback" and (channel := self.channels.get(inbound.account)):
                await channel.acknowledge(inbound)
        return new

    async def receive(self, channel: Channel, inbounds: Sequence[Inbound]) -> bytes | None:
        """Keep what a call brought; returns what is said in answer to the very call, b"" for nothing.

        None: nothing was said yet, the platform will make this call once more, and should find this one unanswered.
        """
        if await forgetting.keep(inbounds, self._parts.clock()):
            self.wake()
        inbounds = [inbound for inbound in inbounds if inbound.kind != "forget"]
        held = inbounds[0] if channel.holds and len(inbounds) == 1 and inbounds[0].kind in FROM_CUSTOMER else None
        if held is None:
            await self.accept(inbounds)
            return b""
        id_, is_last = await self._parts.calls.open(held, channel.holds, channel.tries)
        await self.accept(inbounds)
        said = await self._parts.calls.collect(id_, channel.holds)
        return said if said or is_last else None

    @property
    def waiting(self) -> int:
        """Inbounds that are kept and not handled yet."""
        return self._lanes.size + self._intake.size

    def _backlog(self) -> int:
        return max(self.waiting, self._node.waiting if self._node else 0)

    def wake(self) -> None:
        """Somebody committed effects without handing them over: whoever works on them looks at once."""
        self.effects.wake()
        if self._lease.is_shared:
            self.bus.publish(WorkArrived(()))

    @property
    def nodes(self) -> int:
        """Nodes that serve, this one included."""
        return self._node.nodes if self._node else 1

    def standing(self) -> dict[str, object]:
        """How this node stands among others; nothing where there can be none."""
        return self._node.standing() if self._node else {}

    def trouble(self) -> str:
        """Why this node should get no visitors at this moment; "" when it may."""
        if self._leaves:
            return "this node is about to end"
        return self._node.trouble() if self._node else ""

    def _offer(self, effects: Sequence[NewEffect]) -> None:
        self.effects.offer(effects)
        if self._lease.is_shared:
            others = {shard_of(effect.lane) for effect in effects} - self._lease.shards
            if others:
                self.bus.publish(WorkArrived(tuple(sorted(others))))

    def _committed(self, writes: Writes) -> None:
        for id_, lane, epoch in writes.voided:
            self.effects.void(lane, id_, epoch)
        if writes.released:
            self.effects.doubt()  # they are older than what is said now, and in the table only
        self._offer(writes.effects)
        for event in writes.events:
            self.bus.publish(event)
        if any(row[2] == "parked" for row in writes.failed):
            self._parked.changed()

    async def idle(self) -> None:
        """Returns once nothing waits and nothing is under way: for tests and the terminal."""
        while self.waiting or self.effects.size:  # noqa: ASYNC110 - two parts that know nothing of each other
            await asyncio.sleep(0.002)

    # staff

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """See `Staffing.take_over`."""
        await self._on_lane("take", conversation_id, staff_id=staff_id, force=force)

    async def _on_lane(self, verb: str, conversation_id: int, **arguments: object) -> Any:
        """What must be sure of a lane is done by the node that works on it."""
        told = {"conversation_id": conversation_id, **arguments}
        if self._node is None:
            return await self._staffing.run(verb, told)
        lane = await self._staffing.lane(conversation_id)
        if self._lease.holds(lane):
            with suppress(LeaseLost):  # the lane went to another node meanwhile, and nothing was written
                return await self._staffing.run(verb, told)
        return await self._node.errands.ask(conversation_id, lane, verb, told)

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
        facts = {"staff_id": staff_id, "client_id": client_id, "text": text, "files": files}
        return int(await self._on_lane("say", conversation_id, **facts))

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """See `Staffing.note`."""
        return await self._staffing.note(conversation_id, staff_id, client_id, text, files)

    def capabilities(self, account: str) -> Capabilities:
        """What the channel of `account` can show."""
        return self._parts.shop.on(account)

    async def step_order(self, order_id: int, step: str, staff_id: int, note: str) -> None:
        """See `order_steps.take`."""
        now = self._parts.clock()
        self._stepped(await order_steps.take(self._inbox, order_id, step, staff_id, note, now))

    def _stepped(self, stepped: order_steps.Stepped) -> None:
        self._intake.arrived(stepped.waiting)
        for event in stepped.changed:
            self.bus.publish(event)

    async def retry_failure(self, kind: str, id: int) -> None:  # noqa: A002
        """See `Parked.retry`."""
        await self._parked.retry(kind, id)
