"""What a database engine does its own way; whatever is the same on every engine is in `models.database`."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from tortoise.backends.base.client import BaseDBAsyncClient

Statement = tuple[str, Sequence[Sequence[Any]]]
"""SQL with `?` for every value, and one row of values for each time it runs."""

Query = tuple[str, Sequence[Any]]
"""SQL with `?` for every value, and the values."""

Rows = list[dict[str, Any]]

Begin = Callable[[], AbstractAsyncContextManager[BaseDBAsyncClient]]
"""Opens a transaction."""


#: Seconds that a change of a table waits for those who use it, and then until it tries again; and how often it does.
AT_ONCE, PAUSE, TRIES = 2, 0.5, 240


class Overtaken(Exception):
    """Rows were changed since they were read, so what was made of them is not written; `ids` are theirs.

    A node that was buried stands there as its id, negative.
    """

    def __init__(self, ids: frozenset[int]) -> None:
        super().__init__(f"changed since they were read: {sorted(ids)}")
        self.ids = ids


@dataclass(frozen=True, slots=True)
class Guard:
    """Rows that must be found as they were read: the ids and versions that the query must return, in any order."""

    query: Query
    rows: frozenset[tuple[int, int]]

    def check(self, found: Sequence[Mapping[str, Any]]) -> None:
        """Raises `Overtaken`."""
        changed = self.rows - {(row["id"], row["version"]) for row in found}
        if changed:
            raise Overtaken(frozenset(id_ for id_, _ in changed))


async def in_turn(step: Callable[[], Awaitable[object]], is_locked: Callable[[Exception], bool]) -> None:
    """Do what changes a table that others use: locked out, it lets them all go first, and is tried again."""
    for _ in range(TRIES):
        try:
            await step()
        except Exception as error:
            if not is_locked(error):
                raise
            await asyncio.sleep(PAUSE)
        else:
            return
    await step()


def reads(guard: Guard | None, queries: Sequence[Query]) -> list[Query]:
    """The guard's query, and then these."""
    return [guard.query, *queries] if guard else [*queries]


def checked(guard: Guard | None, found: list[Rows]) -> list[Rows]:
    """Of what `reads` found, that of the queries. Raises `Overtaken`."""
    if guard is None:
        return found
    guard.check(found[0])
    return found[1:]


SESSION = f"parley-{secrets.token_hex(8)}"
"""What the connections of this process are called at the server, so that another node can end those of a dead one."""


BUSY_WORDS = (
    "locked",
    "disk",
    "full",
    "disk i/o",
    "unable to open",
    "readonly",
    "too many clients",
    "deadlock",
)


def says_busy(error: BaseException) -> bool:
    """Whether these are the words of a database that refuses for now."""
    return any(word in str(error).lower() for word in BUSY_WORDS)


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def rebuilds(self) -> bool:
        return self.sql.startswith("-- rebuild")

    @property
    def is_online(self) -> bool:
        return self.sql.startswith("-- online")

    @property
    def statements(self) -> list[str]:
        """Each ends at the end of a line."""
        return [one for part in f"{self.sql}\n".split(";\n") if (one := part.strip())]


class Engine(Protocol):
    """One kind of database. `name` is its dialect, the folder of its migrations and the name of its connection."""

    name: ClassVar[str]
    schemes: ClassVar[tuple[str, ...]]
    row_lock: ClassVar[str]
    """The end of a SELECT that locks its rows; nothing where a transaction has the database to itself."""
    value_lock: ClassVar[str]
    """The same; where the engine can tell, others may write rows that name one of these by its key meanwhile."""
    is_shared: ClassVar[bool]
    """Whether several processes may serve one database. What follows is for them."""
    now: ClassVar[str]
    """The database's own time, in seconds since 1970: clocks of nodes are never compared."""
    alive: ClassVar[str]
    """The row of a guard for a node that has its lease: it cannot be buried then, and renews its lease meanwhile."""
    claim_lock: ClassVar[str]
    """The end of a SELECT that locks its rows, without those that somebody else has locked."""

    def settings(self, url: str, *, alone: bool) -> dict[str, Any] | str:
        """Tortoise's settings of a connection; `alone` refuses a second process where only one may be (ConfigError)."""

    def release(self) -> None:
        """What `settings` took is free for the next process."""

    async def look(self, connection: BaseDBAsyncClient) -> tuple[str, ...]:
        """Once, right after it was opened: what its operator should mend. A server of no use is a ConfigError."""

    def is_busy(self, error: BaseException) -> bool:
        """Whether the driver says that the server refuses for now, or went away."""

    def told(self, error: BaseException) -> str:
        """What an operator should read of it: the driver's words, and its code where the words alone are vague."""
        return str(error)

    def is_broken(self, context: Any) -> bool:
        """Whether a BEGIN that failed has left this context holding a connection of the pool."""

    async def fetch(self, connection: BaseDBAsyncClient, sql: str, values: Sequence[Any]) -> Rows:
        """Rows of a SELECT, or of an INSERT with RETURNING."""

    async def fetch_many(self, connection: BaseDBAsyncClient, queries: Sequence[Query]) -> list[Rows]:
        """`fetch` for several queries, in as few steps as the engine can."""

    async def execute(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        """Run statements in order inside the caller's transaction; each of them has rows."""

    async def finish(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        """`execute` as the last act of a transaction."""

    async def commit(
        self,
        connection: BaseDBAsyncClient,
        guard: Guard | None,
        queries: Sequence[Query],
        statements: Sequence[Statement],
        begin: Begin,
    ) -> list[Rows]:
        """A whole transaction: the guard, what the queries return, then the statements, then the commit.

        No UPDATE, DELETE or upsert among them is about a row that another statement of the same commit writes.
        Raises `Overtaken`, and nothing is written.
        """

    async def end_sessions(self, connection: BaseDBAsyncClient, session: str) -> None:
        """End all connections of a process by what they are called, and with them the locks that it holds."""

    def migrating(self, connection: BaseDBAsyncClient) -> AbstractAsyncContextManager[BaseDBAsyncClient]:
        """Nobody else migrates inside the block; the connection is the one to migrate with."""

    async def apply(self, connection: BaseDBAsyncClient, migration: Migration, stamp: str) -> None:
        """Apply a file and its `stamp`, the statement that notes it as applied: both, or neither."""
