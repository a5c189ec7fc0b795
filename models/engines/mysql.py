"""MariaDB 10.6 and newer, and MySQL 8, through asyncmy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError

from bot.core.errors import ConfigError, DatabaseBusy
from models.engines import mysql_text
from models.engines.engine import (
    AT_ONCE,
    SESSION,
    Begin,
    Engine,
    Guard,
    Migration,
    Query,
    Rows,
    Statement,
    checked,
    in_turn,
    reads,
)

#: Refused for now: locks, room, connections, shutting down, read-only, the network.
BUSY = frozenset(
    {1021, 1028, 1040, 1053, 1114, 1180, 1203, 1205, 1206, 1213, 1226, 1290, 1317, 1412, 1836, 1927, 1969}
) | frozenset({1158, 1159, 1160, 1161, 2002, 2003, 2005, 2006, 2013, 2014, 2055, 3024, 4031})
DEADLOCK, LOCKED = 1213, 1205
#: The thing to make is there, the thing to drop is gone: a statement that was done before its note of it.
ALREADY = frozenset({1050, 1060, 1061, 1091, 1359, 1826})
PACKET = 1_000_000  # characters in one step; the server's own limit is at least 4 MiB
LEAST_PACKET = 4 * 1024 * 1024
DEADLOCKS = 5  # times that a whole transaction of ours is begun again
_PROGRESS = (
    "CREATE TABLE IF NOT EXISTS schema_progress "
    "(number INTEGER PRIMARY KEY, checksum VARCHAR(64) NOT NULL, done INTEGER NOT NULL)"
)
_LOOK = "SELECT version() AS version, @@innodb_flush_log_at_trx_commit AS flush, @@max_allowed_packet AS packet"
_MIGRATIONS = "concat('parley migrations ', md5(database()))"
_PATIENCE = 600  # seconds, for another node's migrations
_END_SESSIONS = (
    "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id() "
    "AND is_used_lock(concat(?, ':', id)) = id"
)


class Mysql(Engine):
    """Statements carry their values, and many of them go in one step."""

    name = "mysql"
    schemes = ("mysql", "mariadb")
    row_lock = " FOR UPDATE"
    value_lock = row_lock
    is_shared = True
    now = "(unix_timestamp(sysdate(6)) + 0e0)"
    alive = (
        "SELECT -id AS id, 0 AS version FROM node_life WHERE id = ? "  # noqa: S608
        f"AND (SELECT until FROM node WHERE node.id = node_life.id) > {now} LOCK IN SHARE MODE"
    )
    claim_lock = " FOR UPDATE SKIP LOCKED"

    def settings(self, url: str, *, alone: bool) -> dict[str, Any] | str:  # noqa: ARG002 - many may
        from models.engines import mysql_client  # its driver is loaded only where it is used

        named = f", @parley = get_lock(concat('{SESSION}:', connection_id()), 0)"
        begins = {"init_command": mysql_client.SESSION_SETTINGS + named, "maxsize": 10}
        return {"engine": mysql_client.__name__, "credentials": begins | address(url) | _options(urlsplit(url).query)}

    def release(self) -> None:
        """Nothing was taken."""

    async def look(self, connection: BaseDBAsyncClient) -> tuple[str, ...]:
        (row,) = await connection.execute_query_dict(_LOOK)
        refuse_old(row["version"])
        if row["packet"] < LEAST_PACKET:
            raise ConfigError(f"the database takes {row['packet']} bytes at once; set max_allowed_packet to 16M")
        if str(row["flush"]) == "1":
            return ()
        return (
            f"innodb_flush_log_at_trx_commit is {row['flush']}: a power cut loses what was acknowledged; set it to 1",
        )

    def is_busy(self, error: BaseException) -> bool:
        return code(error) in BUSY or _is_lost(error)

    def is_broken(self, context: Any) -> bool:
        return hasattr(context, "token")

    async def fetch(self, connection: BaseDBAsyncClient, sql: str, values: Sequence[Any]) -> Rows:
        made = mysql_text.returning(sql, values)
        if made is None:
            return await connection.execute_query_dict(mysql_text.rendered(sql, values))
        ids: list[int | None] = []
        for group in mysql_text.packed(made.statements, PACKET):
            ids += [answer.id if answer.changed else None for answer in await _session(connection).run(group)]
        return made.of(ids)

    async def fetch_many(self, connection: BaseDBAsyncClient, queries: Sequence[Query]) -> list[Rows]:
        if any("RETURNING" in sql for sql, _ in queries):
            return [await self.fetch(connection, sql, values) for sql, values in queries]
        if not queries:
            return []
        answers = await _session(connection).run([mysql_text.rendered(sql, values) for sql, values in queries])
        return [answer.rows for answer in answers]

    async def execute(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        texts = [text for sql, rows in statements for text in mysql_text.many(sql, rows, PACKET // 2)]
        for group in mysql_text.packed(texts, PACKET):
            await _session(connection).run(group)

    async def finish(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        await self.execute(connection, statements)

    async def commit(
        self,
        connection: BaseDBAsyncClient,  # noqa: ARG002 - one of the pool is taken
        guard: Guard | None,
        queries: Sequence[Query],
        statements: Sequence[Statement],
        begin: Begin,
    ) -> list[Rows]:
        for left in range(DEADLOCKS - 1, -1, -1):
            try:
                return await self._commit(guard, queries, statements, begin)
            except DatabaseBusy as error:
                if not left or code(error.__cause__) != DEADLOCK:
                    raise
        raise AssertionError("the last turn returns or raises")

    async def _commit(
        self, guard: Guard | None, queries: Sequence[Query], statements: Sequence[Statement], begin: Begin
    ) -> list[Rows]:
        async with begin() as inside:
            found = checked(guard, await self.fetch_many(inside, reads(guard, queries)))
            await self.execute(inside, statements)
        return found

    async def end_sessions(self, connection: BaseDBAsyncClient, session: str) -> None:
        """Each session holds a lock that is called after its process and its own number."""
        for row in await self.fetch(connection, _END_SESSIONS, (session,)):
            with suppress(OperationalError):  # gone meanwhile
                await connection.execute_query(f"KILL {row['id']}")

    @asynccontextmanager
    async def migrating(self, connection: BaseDBAsyncClient) -> AsyncIterator[BaseDBAsyncClient]:
        """The lock is this session's, so it ends with it; DDL commits, and does not let go of it."""
        from models.engines.mysql_client import ParleyMySQLClient, Transaction

        assert isinstance(connection, ParleyMySQLClient)  # noqa: S101 - not inside a transaction
        async with connection.acquire_connection() as session:
            mine = Transaction(connection)
            mine._connection = session  # noqa: SLF001 - one session, and no BEGIN
            (row,) = await mine.execute_query_dict(f"SELECT get_lock({_MIGRATIONS}, {_PATIENCE}) AS got")
            if row["got"] != 1:
                raise DatabaseBusy("another node has been migrating the database for ten minutes")
            # Whoever waits for a table has everybody else wait behind it: not for long, see `in_turn`.
            await mine.execute_query(f"SET SESSION lock_wait_timeout = {AT_ONCE}")
            try:
                yield mine
            finally:
                await mine.execute_query("SET SESSION lock_wait_timeout = DEFAULT")
                await mine.execute_query(f"SELECT release_lock({_MIGRATIONS})")

    async def apply(self, connection: BaseDBAsyncClient, migration: Migration, stamp: str) -> None:
        """Statement by statement, with a note after each: DDL commits, so the file as a whole cannot be undone.

        A run that died goes on where it was. Only of the statement that it died at it is not known whether it was done.
        """
        await connection.execute_query(_PROGRESS)
        done, resumed = await _progress(connection, migration)
        for at, statement in enumerate(statements_of(migration.sql)):
            if at < done:
                continue
            try:
                await in_turn(partial(connection.execute_query, statement), lambda error: code(error) == LOCKED)
            except OperationalError as error:
                if not (resumed and at == done and code(error) in ALREADY):
                    raise
            await connection.execute_query(
                f"UPDATE schema_progress SET done = {at + 1} WHERE number = {migration.number}"  # noqa: S608
            )
        forget = f"DELETE FROM schema_progress WHERE number = {migration.number}"  # noqa: S608
        await _session(connection).run(["BEGIN", stamp, forget, "COMMIT"])


async def _progress(connection: BaseDBAsyncClient, migration: Migration) -> tuple[int, bool]:
    """How many statements of the file are done, and whether a run of it was begun before."""
    found = await connection.execute_query_dict(
        f"SELECT checksum, done FROM schema_progress WHERE number = {migration.number}"  # noqa: S608
    )
    if not found:
        values = f"{migration.number}, '{migration.checksum}', 0"
        await connection.execute_query(f"INSERT INTO schema_progress VALUES ({values})")  # noqa: S608
        return 0, False
    if found[0]["checksum"] != migration.checksum:
        raise ConfigError(
            f"migration {migration.name} was changed while it was half applied; restore the released file"
        )
    return int(found[0]["done"]), True


def statements_of(sql: str) -> list[str]:
    """The statements of a file: each ends with a semicolon at the end of a line."""
    return [part for part in (part.strip() for part in re.split(r";[ \t]*(?:\n|\Z)", sql)) if _says_something(part)]


def _says_something(part: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("--") for line in part.splitlines())


def refuse_old(version: str) -> None:
    """MariaDB before 10.6 and MySQL before 8 lack SKIP LOCKED and DDL that a crash does not tear: a ConfigError."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    is_maria = "mariadb" in version.lower()
    if numbers < ((10, 6) if is_maria else (8, 0)):
        raise ConfigError(f"the database is {version}; Parley needs MariaDB 10.6 or MySQL 8.0 or newer")


def code(error: BaseException | None) -> int:
    """The server's number for an error, which Tortoise wraps in its own; 0 for anything else."""
    while error is not None and error.args:
        first = error.args[0]
        if isinstance(first, int):
            return first if type(error).__module__.startswith("asyncmy") else 0
        error = first if isinstance(first, BaseException) else None
    return 0


def _is_lost(error: BaseException) -> bool:
    return type(error).__module__.startswith("asyncmy") and type(error).__name__ == "InterfaceError"


def address(url: str) -> dict[str, Any]:
    """Where a URL leads to and as whom, in the driver's words."""
    parts = urlsplit(url)
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or 3306,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": unquote(parts.path[1:]),
    }


def lone(url: str) -> dict[str, Any]:
    """For one connection of its own, beside the pool, to that address."""
    from models.engines.mysql_client import SESSION_SETTINGS

    secure = {
        name: value for name, value in _options(urlsplit(url).query).items() if name in ("ssl", "connect_timeout")
    }
    return address(url) | secure | {"init_command": SESSION_SETTINGS, "charset": "utf8mb4", "autocommit": True}


def _options(query: str) -> dict[str, Any]:
    """`minsize`, `maxsize`, `connect_timeout` and `pool_recycle` in numbers, `ssl=true`, `ssl_ca=path`."""
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query):
        if name in ("minsize", "maxsize", "connect_timeout", "pool_recycle") and value.isdigit():
            options[name] = int(value)
        elif name == "ssl_ca":
            options["ssl"] = {"ca": value}
        elif name == "ssl" and value.lower() in ("true", "1"):
            options.setdefault("ssl", _trusted())
        else:
            raise ConfigError(f"database.url: {name}={value} is not known; use maxsize, connect_timeout, ssl or ssl_ca")
    return options


def _trusted() -> Any:
    import ssl

    return ssl.create_default_context()


def _session(connection: BaseDBAsyncClient) -> Any:
    """With the one method that Tortoise's clients do not have."""
    return connection
