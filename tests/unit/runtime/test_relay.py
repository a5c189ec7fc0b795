"""The relay between nodes, over a server in memory that can be stopped, that can go deaf, and that can lose packets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bot.core.events import Event, MessageStored, Missed, RowChanged
from bot.runtime import relay as relays
from bot.runtime.bus import Bus
from bot.runtime.relay import Pace, Relay
from bot.runtime.relay_packets import VERSION, Packet, write

PACE = Pace(beat=0.02, lost=3.0, deaf=5.0, most_pause=0.04)
IMPATIENT = Pace(beat=0.02, lost=0.1, deaf=0.2, most_pause=0.04)
STEADY = Pace(beat=0.02, lost=0.5, deaf=1.0, most_pause=0.04)


class Hub:
    """Passes packets on between its lines, in order."""

    largest = 1_000

    def __init__(self) -> None:
        self.lines: list[HubLine] = []
        self.is_up = True
        self.is_deaf = False
        self.opened = 0
        self.loses = b""  # packets with this in them reach nobody
        self.drag = 0.0  # seconds by which each packet of a line is later than the one before it
        self.passed: list[bytes] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HubLine]:
        if not self.is_up:
            raise ConnectionError("nobody listens there")
        line = HubLine(self)
        self.lines.append(line)
        self.opened += 1
        try:
            yield line
        finally:
            if line in self.lines:
                self.lines.remove(line)

    def falls(self) -> None:
        self.is_up = False
        lines, self.lines = self.lines, []
        for line in lines:
            line.heard.put_nowait(None)


class HubLine:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.heard: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.late = 0.0

    def hear(self, packet: bytes) -> None:
        self.late += self.hub.drag
        asyncio.get_running_loop().call_later(self.late, self.heard.put_nowait, packet)

    async def send(self, packet: bytes) -> None:
        if self not in self.hub.lines:
            raise ConnectionError("gone")
        if self.hub.is_deaf or (self.hub.loses and self.hub.loses in packet):
            return
        self.hub.passed.append(packet)
        for line in self.hub.lines:
            line.hear(packet)

    async def receive(self) -> bytes:
        packet = await self.heard.get()
        if packet is None:
            raise ConnectionError("gone")
        return packet


class Node:
    """A bus, its relay, and everything that was heard on it."""

    def __init__(self, hub: Hub | None, pace: Pace = PACE) -> None:
        self.bus = Bus()
        self.registered = 1  # nodes that the database knows
        self.relay = Relay(self.bus, hub, nodes=lambda: self.registered, pace=pace)
        self.heard: list[Event] = []
        self.bus.subscribe("", self._hear)

    async def _hear(self, told: Sequence[Event]) -> None:
        self.heard += told

    @property
    def missed(self) -> int:
        return sum(event.n for event in self.heard if isinstance(event, Missed))


@asynccontextmanager
async def nodes(hub: Hub | None, count: int, pace: Pace = PACE) -> AsyncIterator[list[Node]]:
    """So many, one after the other, each of which hears all others."""
    started: list[Node] = []
    try:
        for _ in range(count):
            started.append(Node(hub, pace))
            started[-1].relay.start()
            if hub is not None:
                await _know_each_other(started)
        yield started
    finally:
        for node in started:
            await node.relay.stop()
            await node.bus.close()


async def _know_each_other(those: list[Node]) -> None:
    await until(lambda: all(not node.relay.polls and node.relay.others == len(those) - 1 for node in those))


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.002)


async def test_everybody_hears_an_event_once_and_in_order() -> None:
    async with nodes(Hub(), 3) as (one, two, three):
        told: list[Event] = [MessageStored(1, "webchat:a", n) for n in range(50)]
        await asyncio.sleep(PACE.beat * 3)  # what joining cost is told by then
        for node in (one, two, three):
            node.heard.clear()
        for event in told:
            one.bus.publish(event)
        await until(lambda: min(len(node.heard) for node in (one, two, three)) >= len(told))
        await asyncio.sleep(PACE.beat * 3)
        assert [node.heard for node in (one, two, three)] == [told, told, told]


async def test_a_node_alone_tells_nothing_and_who_joins_looks_for_itself() -> None:
    hub = Hub()
    async with nodes(hub, 1) as (one,):
        for n in range(20):
            one.bus.publish(RowChanged(n))
        await asyncio.sleep(PACE.beat * 2)
        assert b"row" not in b"".join(hub.passed)
        two = Node(hub)
        two.relay.start()
        await until(lambda: two.missed > 0)
        assert one.missed == 0
        one.bus.publish(RowChanged(77))
        await until(lambda: RowChanged(77) in two.heard)
        await two.relay.stop()
        await until(lambda: one.relay.others == 0)
        await two.bus.close()


async def test_a_line_that_breaks_is_made_again_and_what_was_said_meanwhile_is_looked_up() -> None:
    hub = Hub()
    async with nodes(hub, 2, IMPATIENT) as (one, two):
        hub.falls()
        await until(lambda: one.relay.polls and two.relay.polls)
        one.bus.publish(RowChanged(1))
        await until(lambda: bool(one.relay.trouble))
        hub.is_up = True
        await until(lambda: not one.relay.trouble and not two.relay.trouble and two.relay.others == 1)
        await until(lambda: one.missed > 0 and two.missed > 0)
        assert RowChanged(1) not in two.heard


async def test_a_server_that_swallows_everything_is_noticed() -> None:
    hub = Hub()
    async with nodes(hub, 2, IMPATIENT) as (one, _):
        hub.is_deaf = True
        await until(lambda: one.relay.polls)
        await until(lambda: bool(one.relay.trouble))
        opened = hub.opened
        await until(lambda: hub.opened > opened)
        hub.is_deaf = False
        await until(lambda: not one.relay.polls and not one.relay.trouble)


async def test_a_line_that_falls_further_and_further_behind_is_made_anew() -> None:
    """Its words come back all the time, so only their age tells."""
    hub = Hub()
    async with nodes(hub, 1, STEADY) as (one,):
        hub.drag = 0.05
        await until(lambda: one.relay.polls)
        await until(lambda: hub.opened > 1)
        hub.drag = 0.0
        await until(lambda: not one.relay.polls and not one.relay.trouble)


async def test_a_node_that_works_and_is_not_heard_makes_the_others_look() -> None:
    """It hears itself no more and they do: what it stores, nobody tells them."""
    hub = Hub()
    async with nodes(hub, 2, STEADY) as (one, two):
        one.registered = 2
        assert not one.relay.polls
        hub.loses = two.relay.node.encode()
        await until(lambda: one.relay.polls)
        await asyncio.sleep(STEADY.deaf)
        assert (one.relay.polls, one.relay.trouble) == (True, "")
        one.registered = 1  # it was buried
        assert not one.relay.polls
        one.registered = 2
        one.heard.clear()
        hub.loses = b""
        await until(lambda: not one.relay.polls)
        await until(lambda: one.missed > 0)


async def test_a_lost_packet_is_noticed_at_the_next_one() -> None:
    hub = Hub()
    async with nodes(hub, 2) as (one, two):
        await asyncio.sleep(PACE.beat * 3)
        two.heard.clear()
        hub.loses = b'"row"'
        one.bus.publish(RowChanged(5))
        await until(lambda: two.missed >= 1)
        assert RowChanged(5) not in two.heard


async def test_too_much_at_once_drops_the_oldest_and_the_others_learn_of_it() -> None:
    hub = Hub()
    async with nodes(hub, 2) as (one, two):
        await asyncio.sleep(PACE.beat * 3)
        two.heard.clear()
        for n in range(relays.CAPACITY + 10):
            one.bus.publish(RowChanged(n))
        await until(lambda: RowChanged(relays.CAPACITY + 9) in two.heard)
        await until(lambda: two.missed >= 1)
        assert RowChanged(9) not in two.heard
        assert RowChanged(10) in two.heard


async def test_another_release_on_the_line_makes_screens_look_until_it_is_gone() -> None:
    hub = Hub()
    async with nodes(hub, 1, IMPATIENT) as (one,):
        assert not one.relay.polls
        hub.lines[0].heard.put_nowait(write(Packet(VERSION + 1, "newer", 5)))
        await until(lambda: one.relay.polls)
        assert one.relay.trouble == ""
        await until(lambda: not one.relay.polls)


async def test_nonsense_on_the_line_is_nothing() -> None:
    hub = Hub()
    async with nodes(hub, 2) as (one, two):
        await hub.lines[0].send(b"\xffnonsense")
        one.bus.publish(RowChanged(3))
        await until(lambda: RowChanged(3) in two.heard)


async def test_without_a_carrier_it_says_that_it_knows_nothing_and_is_no_trouble() -> None:
    async with nodes(None, 1) as (one,):
        assert one.relay.polls
        assert one.relay.trouble == ""
        assert one.relay.others == 0
        one.bus.publish(RowChanged(1))
        await until(lambda: one.heard == [RowChanged(1)])
