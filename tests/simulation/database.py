"""A SQLite file whose threads are steps of the simulated loop, and which dies with its process.

What the program runs on it is the program's own: only the hop to a thread and back is replaced. The steps are those of
the thread: the work waits, is done at once, and its answer waits again. A crash between them is a crash before or after
the commit.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import aiosqlite

from models.database import client, close_database, migrate, open_database
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.shop import STAFF, TABLE

T = TypeVar("T")

MEMORY = Path("/dev/shm")
#: A crash of the process is simulated, not of the machine: the file need not wait for a disk.
URL = "sqlite://{path}?synchronous=OFF"


class Dead(Exception):
    """This process has ended."""


class Faulty(sqlite3.Connection):
    """Refuses now and then to begin or to commit, as a locked file or a full disk does.

    A transaction that `lose` has ended is not gone on with: whatever comes is refused until the next one begins.
    """

    fails: Callable[[], bool] = staticmethod(lambda: False)
    is_lost = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "BEGIN IMMEDIATE":
            self.is_lost = False
            if Faulty.fails():
                raise sqlite3.OperationalError("database is locked")
        if self.is_lost:
            raise sqlite3.OperationalError("unable to open: the session was ended")
        if sql == "COMMIT" and Faulty.fails():
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *values)

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if self.is_lost:
            raise sqlite3.OperationalError("unable to open: the session was ended")
        return super().executemany(sql, *values)

    def commit(self) -> None:
        if self.is_lost:
            raise sqlite3.OperationalError("unable to open: the session was ended")
        if Faulty.fails():
            raise sqlite3.OperationalError("database or disk is full")
        super().commit()

    def rollback(self) -> None:
        self.is_lost = False
        super().rollback()

    def lose(self) -> None:
        """The server has ended this session."""
        if self.in_transaction:
            super().rollback()
            self.is_lost = True


class Hop(aiosqlite.Connection):
    """The connection of aiosqlite, with a queue in the loop for its thread.

    The thread is not the process's own: like a server it ends what it was asked for, though who asked is asleep.
    """

    def __init__(self, path: str, loop: SimulatedLoop, disk: Disk) -> None:
        super().__init__(partial(sqlite3.connect, path, isolation_level=None, factory=Faulty), 64)
        self._loop = loop
        self._disk = disk
        self._jobs: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self.process = loop.process
        self.is_away = False

    def __await__(self) -> Any:
        return self._open().__await__()

    async def _open(self) -> Hop:
        self._connection = self._connector()
        self._disk.equip(self._connection, self.process)
        return self

    @property
    def has_the_lock(self) -> bool:
        """Whether it is in a transaction: the file has one writer."""
        return self._connection is not None and self._connection.in_transaction

    async def _execute(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._connection is None:
            raise Dead
        future = self._loop.create_future()
        self._jobs.append((future, partial(function, *args, **kwargs)))
        if len(self._jobs) == 1:
            self.go_on()
        return await future

    def go_on(self) -> None:
        """The thread takes its next job soon."""
        with self._loop.within(None):
            self._loop.soon(self._work)

    def _work(self) -> None:
        if not self._jobs or self._disk.is_locked(self):
            return
        future, job = self._jobs.popleft()
        try:
            answer = partial(_answer, future, self._done(job))
        except BaseException as error:
            answer = partial(_refuse, future, error)
        self._loop.soon(answer)
        if self._jobs:
            self._loop.soon(self._work)
        self._disk.unlocked()

    def _done(self, job: Callable[[], T]) -> T:
        if self._connection is None:
            raise Dead
        if self.is_away:
            raise sqlite3.OperationalError("unable to open: the server is away")
        return job()

    async def close(self) -> None:
        self.die()

    def lose(self) -> None:
        """Its transaction is undone, and it hears of that when it goes on."""
        if isinstance(self._connection, Faulty):
            self._connection.lose()
            self._disk.unlocked()

    def die(self) -> None:
        """What was not committed is undone, as the next process would do it."""
        if self._connection is not None:
            sqlite3.Connection.rollback(self._connection)
            self._connection.close()
            self._connection = None


def _answer(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)


def _refuse(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


class ReadingSteps:
    """Stands for `models.engines.sqlite_readers.Readers`: a connection that only reads, and sees what is committed."""

    def __init__(self, path: Path, loop: SimulatedLoop) -> None:
        self._loop = loop
        self._connection: sqlite3.Connection | None = reading(path)
        self.is_away = False

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        with self._loop.within(None):
            self._loop.soon(self._work, future, read)
        return await future

    def _work(self, future: asyncio.Future[T], read: Callable[[sqlite3.Connection], T]) -> None:
        try:
            if self._connection is None:
                raise Dead
            if self.is_away:
                raise sqlite3.OperationalError("unable to open: the server is away")
            answer = partial(_answer, future, read(self._connection))
        except BaseException as error:
            answer = partial(_refuse, future, error)
        self._loop.soon(answer)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def reading(path: Path) -> sqlite3.Connection:
    """A connection of somebody who looks on: it sees exactly what is committed."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


class Disk:
    """Where the file is. `connect` and `die` begin and end the connections of one process, or of the only one."""

    def __init__(self, folder: Path, loop: SimulatedLoop) -> None:
        self.path = folder / "parley.db"
        self._template = folder / "template.db"
        self._loop = loop
        self._hops: list[Hop] = []
        self.equip: Callable[[sqlite3.Connection, Process | None], None] = lambda *_: None

    def open_connection(self, path: str, **_: object) -> Hop:
        """Instead of `aiosqlite.connect`."""
        hop = Hop(path, self._loop, self)
        self._hops.append(hop)
        return hop

    def is_locked(self, hop: Hop) -> bool:
        """Whether another process is in a transaction: `unlocked` comes when it has ended."""
        return len(self._hops) > 1 and any(one.has_the_lock for one in self._hops if one is not hop)

    def unlocked(self) -> None:
        """Whoever waits for the file goes on."""
        if len(self._hops) > 1 and not any(hop.has_the_lock for hop in self._hops):
            for hop in self._hops:
                if hop._jobs:
                    hop.go_on()

    def of(self, process: Process) -> list[Hop]:
        """The connections of a process."""
        return [hop for hop in self._hops if hop.process is process]

    async def format(self) -> None:
        """An empty, migrated file to copy for each play."""
        await open_database(URL.format(path=self._template), lock=False)
        await migrate()
        await client().execute_script(f"{TABLE}; {STAFF}")
        await close_database()
        await open_database(URL.format(path=self.path), lock=False)

    def clear(self) -> None:
        """Begin with an empty file: another one, not the same again.

        A cursor that a crash has cut off lies in a traceback until the garbage is collected, and SQLite keeps its file
        open as long. Whoever opens that file meanwhile shares its index, and finds a log that is not there.
        """
        self.die()
        for name in (self.path, f"{self.path}-wal", f"{self.path}-shm"):
            Path(name).unlink(missing_ok=True)
        shutil.copy(self._template, self.path)

    async def connect(self, own: Any = None) -> None:
        """A process has started: its connections are new, and so are its locks. `own` is its client, if it has one."""
        own = own or client()
        own._connection, own._lock = None, asyncio.Lock()
        own._readers = ReadingSteps(self.path, self._loop)
        await own.create_connection(with_db=True)

    def die(self, process: Process | None = None, own: Any = None) -> None:
        """The process is gone."""
        own = own or client()
        for hop in [hop for hop in self._hops if hop.process is process]:
            hop.die()
            self._hops.remove(hop)
        if own._readers is not None:
            own._readers.close()  # it stays, so that nobody who is dead opens another
        self.unlocked()


@contextmanager
def disk(loop: SimulatedLoop) -> Iterator[Disk]:
    """A disk in memory; the program's database is on it inside the block."""
    connect = aiosqlite.connect
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None, prefix="parley-") as folder:
        made = Disk(Path(folder), loop)
        aiosqlite.connect = made.open_connection
        try:
            loop.run_until_complete(made.format())
            yield made
        finally:
            made.die()
            loop.begin(Random(0))
            loop.run_until_complete(close_database())
            aiosqlite.connect = connect
