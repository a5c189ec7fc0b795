"""A play of two nodes on one database: they die, sleep past their leases, are cut off, restart, and share all work."""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connections

from bot.core import deadline
from bot.runtime import effects, errands, place, retry, roll
from bot.runtime.node import Membership
from bot.storage.local import LocalStorage
from models import database
from models.engines.sqlite import Sqlite
from tests.simulation import node_variants
from tests.simulation.checks import at_any_time, at_rest
from tests.simulation.database import Disk, Faulty
from tests.simulation.loop import Halted, Process, SimulatedLoop
from tests.simulation.play import MOST_SECONDS, Play, Played, stage
from tests.simulation.servers import Gateway, Server, by_session, equipped
from tests.simulation.shared import SharedWorld, Troubles
from tests.simulation.world import World

#: Their lanes lie far apart, so that two nodes have some each.
TOWN = (("telegram", "ann"), ("telegram", "max"), ("webchat", "kim"), ("webchat", "eve"))
#: When accidents come, seconds after the start, and how many steps of the process later, at most.
SOON, STEPS = 10.0, 400
SLEEPS = (0.5, 4.0, 7.5, 9.5, 12.0, 25.0)
AWAY = (0.5, 4.0, 8.0, 12.0, 20.0)
#: Seconds between looks at errands, and how long retries wait: so that a play has fewer steps.
LOOK_SECONDS = 1.0
EFFECT_DELAYS = (0.5, 2.0, *[8.0] * 5)


class Shared(Sqlite):
    """The file as a server that several processes may use: its clock is the play's."""

    is_shared = True
    now = "sim_now()"
    alive = f"SELECT -id AS id, 0 AS version FROM node WHERE id = ? AND until > {now}"
    ended: Callable[[str], None]

    async def end_sessions(self, connection: BaseDBAsyncClient, session: str) -> None:
        type(self).ended(session)


class NodesPlay(Play):
    """One seed of two nodes."""

    membership = Membership("node")
    town = TOWN
    world: SharedWorld

    def __init__(self, seed: int, loop: SimulatedLoop, disk: Disk, folder: LocalStorage) -> None:
        self.servers: list[Server] = []
        loop.switched = lambda _: None
        disk.equip = self._equip
        super().__init__(seed, loop, disk, folder)
        self.servers = [Server(name, self.world, loop, disk, self.runtime) for name in ("north", "south")]
        self._desk.pauses = (0.1, 1.0, 2.0, 3.0)
        for server in self.servers:
            server.others = [one for one in self.servers if one is not server]
        self._base: Any = database.client()
        # That of everybody who is in no transaction: inside one, a task has its own.
        self._connections = contextvars.Context().run(lambda: get_connections()._storage)
        loop.switched = self._switch
        Shared.ended = staticmethod(self._end_session)
        place.own, place.is_gone = self._place, self._is_gone
        deadline.time = SimpleNamespace(clock_gettime=lambda _: loop.time())  # type: ignore[assignment]

    def _made(self, chance: Random, observer: sqlite3.Connection) -> World:
        self._troubles = Troubles.drawn(chance)
        world = SharedWorld(chance, self._weather, self._loop, observer, self._tell)
        world.deaf = self._troubles.deaf
        return world

    # whose turn it is

    def _switch(self, process: Process | None) -> None:
        """Connections are those of the process that runs."""
        server = next((one for one in self.servers if process is not None and one.process is process), None)
        self._connections["sqlite"] = server.own if server else self._base
        roll.SESSION = process.name if process else "world"

    def _equip(self, connection: sqlite3.Connection, process: Process | None) -> None:
        connection.create_function("sim_now", 0, lambda: 1e9 + self._loop.time())
        for server in self.servers:
            if process is not None and server.process is process:
                equipped(server, connection)

    def _end_session(self, session: str) -> None:
        for server in by_session(self.servers, session):
            server.loses()

    def _place(self) -> str:
        return self._loop.process.name if self._loop.process else ""

    def _is_gone(self, name: str) -> bool:
        return self._troubles.neighbours and not by_session(self.servers, name)

    # what happens

    def _lives(self) -> None:
        Faulty.fails = self.world.is_busy
        self._set_bounds()
        try:
            self._loop.live(self._day(), self._end)
        except Exception as error:  # somebody outside was told what no program may say
            self.world.red(f"somebody got {error!r}")
        if self._loop.halted:
            raise Halted(self._loop.halted)
        at_any_time(self.world, self._languages)
        at_rest(self.world)

    def _end(self) -> None:
        for server in self.servers:
            server.dies()

    async def _day(self) -> None:
        serving = [asyncio.create_task(server.serves()) for server in self.servers]
        gateway = Gateway(self.servers, self.world)
        accidents = asyncio.create_task(self._accidents())
        await asyncio.gather(*(one.live(gateway) for one in (*self._customers, self._desk)), accidents)
        await self._quiet()
        await self._desk.goes_home(gateway)
        await self._quiet()
        for server in self.servers:
            server.retires()
        await asyncio.gather(*serving)
        self.world.happened["rest"] += 1

    async def _accidents(self) -> None:
        """At any moment, to any of them; a crash or a sleep between any two steps."""
        chance, troubles = self.world.chance, self._troubles
        kinds = (
            ("crash", troubles.crashes), ("sleep", troubles.sleeps), ("away", troubles.away), ("stop", troubles.stops),
        )  # fmt: skip
        moments = sorted((chance.uniform(0.0, SOON), kind) for kind, count in kinds for _ in range(count))
        now = 0.0
        for moment, kind in moments:
            await asyncio.sleep(moment - now)
            now = moment
            self._happens(kind, chance.choice(self.servers))

    def _happens(self, kind: str, server: Server) -> None:
        chance = self.world.chance
        if kind == "away":
            server.is_cut_off(chance.choice(AWAY))
        elif kind == "stop":
            server.ends()
        elif server.process is not None:
            seconds = chance.choice(SLEEPS)
            doom = server.crashes if kind == "crash" else lambda: server.sleeps(seconds)
            server.process.doom_at, server.process.doom = server.process.steps + chance.randint(1, STEPS), doom

    async def _quiet(self) -> None:
        """Nothing waits, in a node or in the table, and nothing more was found when the table was looked at again."""
        quiet = 0.0
        while quiet <= 2 * effects.POLL_SECONDS:
            await asyncio.sleep(0.25)
            rests = all(server.is_quiet for server in self.servers) and not self._pending()
            quiet = quiet + 0.25 if rests else 0.0
            if self._loop.time() > MOST_SECONDS:
                self._loop.halt(f"{self._pending()} inbounds and effects never come to an end")

    def _pending(self) -> int:
        sql = (
            "SELECT (SELECT count(*) FROM inbound WHERE state = 'pending') "
            "+ (SELECT count(*) FROM effect WHERE state = 'pending')"
        )
        count: int = self.world.observer.execute(sql).fetchone()[0]
        return count


@contextmanager
def two_nodes() -> Iterator[Callable[..., Played]]:
    """As `stage`, for plays of two nodes."""
    own, gone, clock, session = place.own, place.is_gone, deadline.time, roll.SESSION
    look, delays = errands.LOOK_SECONDS, retry.EFFECT_DELAYS
    with stage(NodesPlay, node_variants.VARIANTS) as play:
        engine, database._engine = database._engine, Shared()
        errands.LOOK_SECONDS, retry.EFFECT_DELAYS = LOOK_SECONDS, EFFECT_DELAYS
        try:
            yield play
        finally:
            database._engine, errands.LOOK_SECONDS, retry.EFFECT_DELAYS = engine, look, delays
            place.own, place.is_gone, deadline.time, roll.SESSION = own, gone, clock, session
