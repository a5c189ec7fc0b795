"""The running Parley: inbox, workers, effects and clock as one object, which the web side and the command line use."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from bot.core import charges
from bot.core.capabilities import Capabilities
from bot.core.events import ContactErased, Event, WorkArrived
from bot.core.message import FROM_CUSTOMER, Inbound
from bot.core.ports import Channel
from bot.core.router import menu
from bot.core.shard import shard_of
from bot.runtime import broadcasting, noticed, order_steps
from bot.runtime.attempts import Attempts, Executor
from bot.runtime.blocking import Watch
from bot.runtime.bus import Bus
from bot.runtime.calling import DialogCall
from bot.runtime.charging import Charging
from bot.runtime.clockwork import Clockwork
from bot.runtime.counter import Counter
from bot.runtime.courtesy import LOOK_SECONDS, Courtesy
from bot.runtime.desk import Desk
from bot.runtime.duties import pulls
from bot.runtime.effects import Effects
from bot.runtime.executors import Discard, Send, Store
from bot.runtime.following import Follow
from bot.runtime.inbox import Inbox
from bot.runtime.intake import Intake
from bot.runtime.joining import Persons
from bot.runtime.lanes import Lanes
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.ledger import Ledger
from bot.runtime.node import Node, refuse
from bot.runtime.parked import Parked
from bot.runtime.parts import Parts
from bot.runtime.platforms import behind, forgetting, handing
from bot.runtime.platforms.aliases import Aliases
from bot.runtime.platforms.behind import HearAgain
from bot.runtime.platforms.forgetting import Forget
from bot.runtime.platforms.handing import HandOver
from bot.runtime.platforms.profiles import AskProfile, Introductions
from bot.runtime.reconciling import Reconciling
from bot.runtime.schedule import Schedule
from bot.runtime.selling import Selling
from bot.runtime.shares import Shares
from bot.runtime.staffing import Staffing
from bot.runtime.store_sending import Steps
from bot.runtime.stores import Stores
from bot.runtime.till import Till
from bot.runtime.webhooks import Webhooks
from bot.runtime.worker import Worker
from bot.runtime.writes import NewEffect, Writes
from bot.services import discards
from bot.services.audiences import Audience
from models.database import engine


class Runtime:
    """Start after the database is open; stop before it is closed."""

    def __init__(self, parts: Parts) -> None:
        self.channels = parts.channels
        self.providers = parts.providers
        self.storage = parts.storage
        self.bus = Bus()
        self._parts = parts
        self._aliases = Aliases()
        self._introductions = Introductions(parts.channels)
        self._roles = frozenset(parts.roles)
        self._lanes = Lanes()
        self._lease = Lease() if engine().is_shared else WholeDatabase()
        self._intake = Intake(self._lanes, self._lease, parts.most_waiting, self.bus.publish)
        self._ledger = Ledger(self._intake.arrived, self._lease, in_doubt=self._intake.doubt, known=self._intake.known)
        self._inbox = Inbox(self._ledger, backlog=self._backlog, most=parts.most_waiting)
        self.courtesy = Courtesy(parts.channels, self._lanes.under_way)
        self._charging = Charging(parts.shop, parts.channels, parts.providers, self.accept, self.wake, parts.clock)
        self.persons = Persons(
            parts.channels, self._inbox.keep_within, self._intake.arrived, self.bus.publish, parts.clock
        )
        self.counter = Counter(parts.shop, parts.opens, self.bus.publish, parts.clock)
        self.selling = Selling(
            parts.shop, self._inbox.keep_within, stepped=self._stepped, wake=self.wake, clock=parts.clock
        )
        self.parked = Parked(self._intake.arrived, self.wake, self.bus.publish, parts.clock)
        self.till = Till(
            self._inbox, parts.shop, parts.providers, self.parked,
            stepped=self._stepped, wake=self.wake, clock=parts.clock,
        )  # fmt: skip
        self.attempts = Attempts(
            self._executors(),
            self._ledger,
            published=self.bus.publish,
            parked=self.parked.changed,
            clock=parts.clock,
            lease=self._lease,
        )
        self.effects = Effects(self.attempts, clock=parts.clock, lease=self._lease)
        steps = Steps(
            partial(order_steps.follow, self._inbox, parts.shop),
            self._stepped,
            parts.storage,
            self.bus.publish,
            lambda payment, name: noticed.keep(self.accept, payment, name, parts.clock()),
        )
        self.stores = Stores(parts.stores, self._lease, parts.filing, parts.limits, parts.clock, steps)
        self.webhooks = Webhooks(parts.post, self.parked.changed, parts.clock) if parts.post else None
        self._worker = self._as_worker()
        self._staffing = self._for_staff()
        self.attempts.add("take", Follow(self._staffing))
        self.attempts.add(handing.KIND, HandOver(parts.channels, self.effects.void, parts.clock, self._lease))
        self.schedule = Schedule(parts.clock, self.wake)
        self.clockwork = self._by_the_clock()
        self._node = self._as_one_of_many() if self._lease.is_shared else None
        self.desk = Desk(self._staffing, self._lease, self._node)
        self._leaves = False

    def _executors(self) -> dict[str, Executor]:
        parts = self._parts
        return {
            "send": Send(parts.channels, parts.clock, parts.shop.quiet, parts.address),
            "profile": AskProfile(parts.channels, self._introductions),
            "forget": Forget(parts.channels, parts.storage, self.bus.publish, parts.clock),
            discards.KIND: Discard(parts.storage),
            behind.KIND: HearAgain(self.accept),
            "store": Store(parts.channels, parts.filing, parts.limits, parts.clock),
            "call": DialogCall({**parts.callees, **self.persons.callees()}, self.accept, self.courtesy.waits),
        }

    def _as_worker(self) -> Worker:
        parts = self._parts
        # SQLite has one writer; on PostgreSQL transactions of different lanes run side by side.
        return Worker(
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
            introductions=self._introductions,
        )

    def _for_staff(self) -> Staffing:
        parts = self._parts
        return Staffing(
            self._inbox,
            self._intake.arrived,
            self._offer,
            self.effects,
            parts.shop.on,
            self.bus.publish,
            clock=parts.clock,
            lease=self._lease,
        )

    def _by_the_clock(self) -> Clockwork:
        return Clockwork(
            self._parts,
            self._inbox,
            self.effects,
            self.accept,
            arrived=self._intake.arrived,
            stepped=self._stepped,
            waiting=self._backlog,
            wake=self.wake,
            overdue=self.persons.overdue,
            reconcile=Reconciling(self.providers, self.accept, self.bus.publish, self._parts.clock).run,
        )

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
            if self.webhooks:
                self.webhooks.start()
            self.schedule.every(LOOK_SECONDS, "courtesy", self.courtesy.look)
        if self._node:
            await self._node.start()
        if "scheduler" in self._roles:
            self.clockwork.begin(self.schedule)
            self.stores.start()
        self.schedule.start()

    async def _on_erased(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, ContactErased):
                self._worker.forget(event.contact_id)
                self._aliases.forget()

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
        await self.stores.stop()
        if self._node:
            self._node.rest()
        await self._worker.stop()
        await self.effects.stop()
        if self.webhooks:
            await self.webhooks.stop()
        await self._charging.close()
        # Not before: a message that is leaving would be cut off, and said again at the next start. What still comes
        # in meanwhile is kept, and handled then.
        await asyncio.gather(*(channel.stop() for channel in self.channels.values()), return_exceptions=True)
        await self._aliases.close()
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

    async def preview_broadcast(self, audience: Audience) -> broadcasting.Preview:
        """See `broadcasting.preview`."""
        return await broadcasting.preview(audience, self._parts.shop, self._parts.clock())

    # in

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """Keep inbounds on disk; returns how many were new. Raises `DatabaseBusy`: answer 503 with Retry-After."""
        if charged := [one for one in inbounds if one.kind in charges.KINDS]:
            await self._charging.take(charged)
            inbounds = [one for one in inbounds if one.kind not in charges.KINDS]
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
        inbounds = await self._aliases.known_as([inbound for inbound in inbounds if inbound.kind != "forget"])
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
        if self.webhooks:
            self.webhooks.wake()
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
            self.parked.changed()

    async def idle(self) -> None:
        """Returns once nothing waits and nothing is under way: for tests and the terminal."""
        while self.waiting or self.effects.size:  # noqa: ASYNC110 - two parts that know nothing of each other
            await asyncio.sleep(0.002)

    def capabilities(self, account: str) -> Capabilities:
        """What the channel of `account` can show."""
        return self._parts.shop.on(account)

    def commands(self, language: str) -> list[tuple[str, str]]:
        """The main menu of customers: the names of its commands and what they are called in this language."""
        shop = self._parts.shop
        return menu(shop.routes.commands, shop.languages.voice(language))

    def _stepped(self, stepped: order_steps.Stepped) -> None:
        self._intake.arrived(stepped.waiting)
        for event in stepped.changed:
            self.bus.publish(event)
