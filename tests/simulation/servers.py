"""Processes of one shared database: each is started, sleeps, loses the database, ends and dies by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter
from typing import Any

from bot.core.errors import DatabaseBusy
from bot.core.events import Event
from bot.core.message import Inbound
from bot.runtime.runtime import Runtime
from models.database import client, is_busy
from tests.simulation.database import Disk
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.platform import Line
from tests.simulation.shared import SharedWorld

#: What a service manager gives a process to end, and a proxy a node to answer, seconds; staff wait for an errand.
GRACE, PATIENCE, STAFF_PATIENCE = 9.0, 3.0, 45.0
#: How long it takes until a process is started again.
RESTARTS = (0.0, 0.5, 3.0, 12.0)


class NoAnswer(Exception):
    """The node is dead, asleep or slow: nobody knows what it has done."""


class Server:
    """One place where a process runs, one after the other. `runtimes` makes the program for a line to the outside."""

    def __init__(
        self, name: str, world: SharedWorld, loop: SimulatedLoop, disk: Disk, runtimes: Callable[[Line], Runtime]
    ) -> None:
        self.name = name
        self.world = world
        self.process: Process | None = None
        self.is_up = False
        self.others: list[Server] = []
        self.own: Any = client()
        self._loop, self._disk, self._runtimes = loop, disk, runtimes
        self._line = Line(world)
        self._runtime: Runtime | None = None
        self._calls: set[asyncio.Future[Any]] = set()
        self._count = 0
        self._retires = False

    @property
    def node(self) -> int:
        """Its number among the nodes; 0 before it has one."""
        return self._runtime._lease.node if self._runtime else 0

    @property
    def is_quiet(self) -> bool:
        """Whether it is there, serves, and nothing waits in it."""
        runtime = self._runtime
        if not self.is_up or runtime is None or (self.process and self.process.is_asleep):
            return False
        return not runtime.trouble() and not runtime.waiting and not runtime.effects.size

    async def serves(self) -> None:
        """One process after the other, until it retires."""
        while not self._retires:
            self._gone: asyncio.Future[str] = self._loop.create_future()
            self._begin()
            how = await self._gone
            if not self._retires:
                await asyncio.sleep(self.world.chance.choice(RESTARTS))
            self.world.note(f"{self.name}: {how}")

    def _begin(self) -> None:
        self._count += 1
        self.process = Process(f"{self.name}.{self._count}")
        self._line = Line(self.world, lambda: self.node)
        self._runtime, self._term = None, asyncio.Event()
        self.own = type(client())(**self._credentials())
        with self._loop.within(self.process):
            task = self._loop.create_task(self._life())
            task.add_done_callback(lambda _: self._over())

    def _credentials(self) -> dict[str, Any]:
        return {"file_path": str(self._disk.path), "connection_name": "sqlite", "synchronous": "OFF"}

    async def _life(self) -> None:
        await self._disk.connect(self.own)
        self.world.happened["lives"] += 1
        runtime = self._runtime = self._runtimes(self._line)
        runtime.bus.forward(self._tells)
        try:
            await runtime.start()
            await runtime.start_channels()
        except Exception as error:
            self.world.note(f"{self.name}: the start was refused: {error!r}")
            with suppress(DatabaseBusy):
                await runtime.stop()
            return
        self.is_up = True
        await self._term.wait()
        try:
            async with asyncio.timeout(GRACE):
                await runtime.stop()
        except TimeoutError:
            await runtime.abandon()

    def _tells(self, event: Event) -> None:
        """A hint for the other nodes; some are lost."""
        if self._line.is_cut:
            return
        for other in self.others:
            if other._runtime is not None and self.world.arrives():
                with self._loop.within(other.process):
                    self._loop.soon(other._runtime.bus.deliver, event)

    # its end

    def _over(self) -> None:
        with self._loop.within(None):
            self._loop.call_soon(self._exit, self.process, "stop")

    def crashes(self) -> None:
        """Between two steps, and now."""
        self._exit(self.process, "crash")

    def _exit(self, process: Process | None, how: str) -> None:
        if process is None or process is not self.process:
            return
        self.world.troubled.add(self.node)
        self.is_up, self._line.is_cut, self.process = False, True, None
        for future in self._calls:
            if not future.done():
                future.set_exception(NoAnswer())
        self._calls.clear()
        self._disk.die(process, self.own)
        self._loop.kill(process)
        self.world.ended(how)
        if not self._gone.done():
            self._gone.set_result(how)

    def ends(self) -> None:
        """SIGTERM."""
        if self.process is not None and self._runtime is not None:
            self.world.note(f"{self.name} is asked to end")
            with self._loop.within(self.process):
                self._loop.call_soon(self._term.set)

    def retires(self) -> None:
        """SIGTERM, and no other process comes."""
        self._retires = True
        self.ends()

    def dies(self) -> None:
        """With the play."""
        self._line.is_cut = True
        if self.process is not None:
            self._disk.die(self.process, self.own)

    # what else may happen to it

    def sleeps(self, seconds: float) -> None:
        """SIGSTOP: it does nothing, and knows nothing of it. A transaction that is open then does not last."""
        process = self.process
        if process is None or process.is_asleep:
            return
        self.world.note(f"{self.name} (node {self.node}) falls asleep for {seconds} s")
        self.world.happened["sleep"] += 1
        process.is_asleep = True
        self.world.falls_asleep(self.node)
        self.loses()
        self._loop.call_later(seconds, self._wakes, process)

    def _wakes(self, process: Process) -> None:
        if process is self.process:
            self.world.note(f"{self.name} wakes up")
            self._loop.wakes(process)

    def loses(self) -> None:
        """The database ends what is open of it."""
        for hop in self._disk.of(self.process) if self.process else ():
            hop.lose()

    def is_cut_off(self, seconds: float) -> None:
        """The database is there, but not for this node."""
        if self.process is None:
            return
        self.world.note(f"{self.name} (node {self.node}) does not reach the database for {seconds} s")
        self.world.happened["away"] += 1
        self.world.troubled.add(self.node)
        self.loses()
        self._reaches(self.process, False)
        self._loop.call_later(seconds, self._reaches, self.process, True)

    def _reaches(self, process: Process, does: bool) -> None:
        if process is self.process:
            for hop in self._disk.of(process):
                hop.is_away = not does
            if self.own._readers is not None:
                self.own._readers.is_away = not does

    # what people want of it

    async def asks(self, verb: str, *arguments: Any, patience: float, **more: Any) -> Any:
        """What the verb returns or raises there. Raises `NoAnswer`."""
        process, runtime = self.process, self._runtime
        if process is None or runtime is None or not self.is_up:
            raise NoAnswer
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._calls.add(answer)
        with self._loop.within(process):
            self._loop.create_task(_answered(partial(attrgetter(verb)(runtime), *arguments, **more), answer))
        try:
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError:
            raise NoAnswer from None
        finally:
            self._calls.discard(answer)


async def _answered(work: Callable[[], Awaitable[Any]], answer: asyncio.Future[Any]) -> None:
    try:
        value = await work()
    except Exception as error:
        if not answer.done():
            answer.set_exception(DatabaseBusy(str(error)) if is_busy(error) else error)
    else:
        if not answer.done():
            answer.set_result(value)


class Gateway:
    """What is before the nodes: asks one of them, and another one when it does not answer."""

    def __init__(self, servers: Sequence[Server], world: SharedWorld) -> None:
        self._servers = servers
        self._world = world
        self.desk = GatewayDesk(self._ask)
        self.parked = GatewayParked(self._ask)

    async def _ask(self, verb: str, *arguments: Any, patience: float = STAFF_PATIENCE, **more: Any) -> Any:
        first = self._world.chance.randrange(len(self._servers))
        for server in (*self._servers[first:], *self._servers[:first]):
            with suppress(NoAnswer):
                return await server.asks(verb, *arguments, patience=patience, **more)
        raise DatabaseBusy("no node answers")

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        """As the runtime's."""
        return int(await self._ask("accept", inbounds, patience=PATIENCE))


class GatewayDesk:
    """What staff do to conversations, at one of the nodes."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """As the desk's."""
        await self._ask("desk.take_over", conversation_id, staff_id, force=force)

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        """As the desk's."""
        await self._ask("desk.give_back", conversation_id, staff_id)

    async def close(self, conversation_id: int, staff_id: int) -> None:
        """As the desk's."""
        await self._ask("desk.close", conversation_id, staff_id)

    async def say(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """As the desk's."""
        return int(await self._ask("desk.say", conversation_id, staff_id, client_id, text, files))

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """As the desk's."""
        return int(await self._ask("desk.note", conversation_id, staff_id, client_id, text, files))


class GatewayParked:
    """What failed for good, at one of the nodes."""

    def __init__(self, ask: Callable[..., Awaitable[Any]]) -> None:
        self._ask = ask

    async def retry(self, kind: str, id: int) -> None:  # noqa: A002 - as the runtime's
        """As the runtime's."""
        await self._ask("parked.retry", kind, id)


def by_session(servers: Collection[Server], session: str) -> list[Server]:
    """Whose connections are called so."""
    return [server for server in servers if server.process is not None and server.process.name == session]


def equipped(server: Server, connection: sqlite3.Connection) -> None:
    """The connection tells of turns that are written on it."""
    server.world.watches(connection, lambda: server.node)
