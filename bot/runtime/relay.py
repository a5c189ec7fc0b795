"""Carries live events to the other nodes and theirs to us: hints only, so that what it loses costs time and never data.

A node trusts its line only while it hears itself through the server, for a subscription may go deaf without a word.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import random
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter, Gauge

from bot.core.events import Event, Missed
from bot.runtime.bus import Bus
from bot.runtime.relay_line import Carrier, Line
from bot.runtime.relay_packets import VERSION, Neighbours, Packet, events, pieces, read, travels, write

log = logging.getLogger(__name__)

#: Events that wait to be sent; behind a line that is too slow the oldest are dropped.
CAPACITY = 10_000
_HEAD = 200  # bytes of a packet around its events
_BREATH = 50  # packets after which others get their turn

TOLD = Counter("parley_relay_packets_total", "Packets of live events, between this node and the others", ("way",))
LOST = Counter("parley_relay_lost_total", "Packets of other nodes that did not arrive here, at least")
NODES = Gauge("parley_relay_nodes", "Other nodes that this one hears")
ROUND = Gauge("parley_relay_seconds", "How long this node's last word took to come back to it")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between two signs of life, until a silent line is `lost` (cut, and tried anew), until it is `deaf`."""

    beat: float = 1.0
    lost: float = 3.0
    deaf: float = 5.0
    most_pause: float = 2.0


class Relay:
    """Between the bus of this node and the others. Without a carrier it knows nothing of them, and says so.

    `nodes` is how many the database knows, this one included: whoever works there and is not heard here may be deaf.
    """

    def __init__(
        self,
        bus: Bus,
        carrier: Carrier | None,
        *,
        nodes: Callable[[], int] = lambda: 1,
        pace: Pace = Pace(),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node = secrets.token_hex(6)
        self._bus = bus
        self._carrier = carrier
        self._nodes = nodes
        self._pace = pace
        self._now = now
        self._others = Neighbours()
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._n = 0
        self._skipped = False  # something was not told: the next number leaves one out
        self._greet = False
        self._heard_at = -math.inf  # when we said the newest word of ours that came back
        self._live = False  # we have heard ourselves on this line
        self._told_at: dict[int, float] = {}  # when the packets were sent that have not come back
        self._again = False  # a line was lost since we last heard ourselves, and with it we do not know what
        self._lost = 0
        self._stranger_at = -math.inf
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect in the background, now and whenever the line is lost. Needs a running loop."""
        if self._carrier is None:
            return
        self._bus.forward(self.offer)
        self._task = asyncio.create_task(self._keep(self._carrier), context=Context())

    async def stop(self) -> None:
        """Say goodbye and end."""
        self._bus.forward(None)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    # how it stands

    @property
    def others(self) -> int:
        """Other nodes that were heard lately."""
        return len(self._others)

    @property
    def polls(self) -> bool:
        """Whether events of other nodes may be missing at this moment, so that screens must look at the database."""
        now = self._now()
        since = now - self._pace.lost
        return (
            not self._live
            or self._heard_at < since
            or now - self._stranger_at < self._pace.deaf
            or self._others.heard_since(since) < self._nodes() - 1
        )

    @property
    def trouble(self) -> str:
        """Why this node should get no visitors, "" when it may."""
        if self._carrier is None or self._now() - self._heard_at <= self._pace.deaf:
            return ""
        return "relay: this node does not hear itself through the server that connects the nodes"

    # out

    def offer(self, event: Event) -> None:
        """Tell the other nodes soon; returns at once, and drops what nobody can hear."""
        if not travels(event):
            return
        if not self._others:
            self._skipped = True
            return
        if len(self._waiting) >= CAPACITY:
            self._waiting.popleft()
            self._skipped = True
        self._waiting.append(event)
        self._wake.set()

    async def _speak(self, line: Line, room: int) -> None:
        """What gathers while one packet is on its way goes into the next one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            greet, self._greet = self._greet, False
            told, self._waiting = self._waiting, deque()
            for group in pieces(tuple(told), room):
                greet = False
                await self._send(line, self._packet(group))
            if greet:
                await self._send(line, self._packet())

    async def _send(self, line: Line, packet: Packet) -> None:
        self._told_at[packet.n] = self._now()
        async with asyncio.timeout(self._pace.lost):
            await line.send(write(packet))
        TOLD.labels("out").inc()

    def _packet(self, group: Any = (), *, bye: bool = False) -> Packet:
        self._n += 1 + self._skipped
        self._skipped = False
        return Packet(VERSION, self.node, self._n, group, bye)

    async def _beat(self) -> None:
        began = self._now()
        while True:
            self._greet = True
            self._wake.set()
            await asyncio.sleep(self._pace.beat)
            self._others.forget_silent(self._now())
            NODES.set(len(self._others))
            self._own_up()
            if self._now() - max(began, self._heard_at) > self._pace.lost:
                raise TimeoutError("it takes what this node says and does not bring it back")

    # in

    async def _listen(self, line: Line) -> None:
        heard = 0
        while True:
            self._hear(await line.receive())
            heard += 1
            if heard % _BREATH == 0:
                await asyncio.sleep(0)

    def _hear(self, raw: bytes) -> None:
        packet = read(raw)
        if packet is None:
            return
        if packet.node == self.node:
            self._hear_ourselves(packet)
        elif packet.v != VERSION:
            # Another release, during an upgrade: both sides look at the database until it is over.
            self._stranger_at = self._now()
        else:
            self._hear_other(packet)

    def _hear_ourselves(self, packet: Packet) -> None:
        told = self._told_at.get(packet.n)
        if told is None:  # what was still on its way from a line before
            return
        # Not when it came: behind a line that is too slow words come all the time, each later than the one before.
        ROUND.set(self._now() - told)
        for n in [*itertools.takewhile(lambda n: n <= packet.n, self._told_at)]:
            del self._told_at[n]
        self._lost += self._again
        self._again, self._live, self._heard_at = False, True, told

    def _hear_other(self, packet: Packet) -> None:
        TOLD.labels("in").inc()
        is_new = packet.node not in self._others and not packet.bye
        self._lost += self._others.hear(packet, self._now())
        if is_new:
            # It hears of us at once, and we of each other from here on.
            self._greet = True
            self._wake.set()
        for event in events(packet):
            self._bus.deliver(event)

    def _own_up(self) -> None:
        """Once a beat at most: whoever hears of it reads much from the database."""
        lost, self._lost = self._lost, 0
        if lost:
            LOST.inc(lost)
            log.info("live events of other nodes were missed", extra={"action": "relay.missed", "packets": lost})
            self._bus.deliver(Missed(lost))

    # the line

    async def _keep(self, carrier: Carrier) -> None:
        pause = first = self._pace.beat / 4
        while True:
            began = self._now()
            try:
                await self._use(carrier)
            except Exception as error:
                # OSError is what carriers promise; whatever else it is, a node without live events must not stay so.
                told = str(error) if isinstance(error, OSError) else ""
                facts = {"action": "relay.lost", "error": type(error).__name__, "told": told}
                # Said once: a server that is away for an hour is no news every two seconds.
                level = logging.DEBUG if self._again else logging.WARNING
                log.log(level, "the line to the other nodes is lost; screens look at the database", extra=facts)
            self._hang_up()
            lasted = self._now() - began > self._pace.deaf
            pause = first if lasted else min(pause * 2, self._pace.most_pause)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads nodes, guards nothing

    def _hang_up(self) -> None:
        self._live = False
        self._again = True
        self._skipped = True
        self._others.clear()
        self._waiting.clear()
        self._told_at.clear()
        NODES.set(0)

    async def _use(self, carrier: Carrier) -> None:
        room = carrier.largest - _HEAD
        async with AsyncExitStack() as ends:
            async with asyncio.timeout(self._pace.lost):
                line = await ends.enter_async_context(carrier.open())
            log.info("connected to the server that connects the nodes", extra={"action": "relay.open"})
            try:
                await _first(self._listen(line), self._speak(line, room), self._beat())
            except asyncio.CancelledError:
                with suppress(Exception):
                    await self._part(line, room)
                raise

    async def _part(self, line: Line, room: int) -> None:
        for group in pieces(tuple(self._waiting), room):
            await self._send(line, self._packet(group))
        await self._send(line, self._packet(bye=True))


async def _first(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until the first of them ends, which raises what it raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
