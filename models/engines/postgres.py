"""PostgreSQL, through asyncpg."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.exceptions import OperationalError
from tortoise.transactions import in_transaction

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
from models.engines.postgres_bulk import (
    Together,
    Whole,
    combined,
    gathered,
    groups,
    listed,
    many,
    numbered,
    together,
    whole,
)

LOCK = "SELECT pg_try_advisory_lock(hashtext('parley migrations')) AS taken"
UNLOCK = "SELECT pg_advisory_unlock(hashtext('parley migrations'))"
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = ? AND usename = current_user "
    "AND datname = current_database() AND pid <> pg_backend_pid()"
)
#: What the server, the database or the user may have switched off, and what that means.
_OFF = {
    "fsync": "a power cut may leave a database that cannot be read",
    "full_page_writes": "a power cut may leave a database that cannot be read",
    "synchronous_commit": "a power cut loses what was acknowledged",
}
_LOOK = (
    "SELECT name FROM pg_settings WHERE setting = 'off' AND name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
)
#: Whoever waits for a table has everybody else wait behind it: it gives up soon, lets them go, and tries again.
_BRIEFLY = f"SET LOCAL lock_timeout = '{AT_ONCE}s'"
#: Seconds between two looks at whether another node has migrated the database by now.
_LOOK_AGAIN = 0.2
_LOST = frozenset({"PostgresConnectionError", "InterfaceError", "OperatorInterventionError"})


class Postgres(Engine):
    """Prepared statements with numbered values; rows are locked where two could meet."""

    name = "postgres"
    schemes = ("postgres", "postgresql", "asyncpg")
    row_lock = " FOR UPDATE"
    value_lock = " FOR NO KEY UPDATE"
    is_shared = True
    now = "extract(epoch FROM clock_timestamp())::float8"
    alive = f"SELECT -id AS id, 0 AS version FROM node WHERE id = ? AND until > {now} FOR KEY SHARE"  # noqa: S608
    claim_lock = " FOR UPDATE SKIP LOCKED"

    def __init__(self) -> None:
        self._types: dict[str, list[str]] = {}  # of the values of a statement, as the server has told

    def settings(self, url: str, *, alone: bool) -> dict[str, Any] | str:  # noqa: ARG002 - many may
        parts = urlsplit(url)
        named = {"application_name": SESSION, "maxsize": "8"} | dict(parse_qsl(parts.query))
        made: dict[str, Any] = expand_db_url(parts._replace(scheme="asyncpg", query=urlencode(named)).geturl())
        made["credentials"]["reset"] = _keep
        return made

    def release(self) -> None:
        """Nothing was taken."""

    async def look(self, connection: BaseDBAsyncClient) -> tuple[str, ...]:
        rows = await connection.execute_query_dict(_LOOK)
        return tuple(f"{row['name']} is off: {_OFF[row['name']]}; set it to on" for row in rows)

    def is_busy(self, error: BaseException) -> bool:
        # Its driver is loaded only where it is used, so its errors are known by name.
        names = {cls.__name__ for cls in type(error).__mro__ if cls.__module__.startswith("asyncpg")}
        return not names.isdisjoint(_LOST)

    def is_broken(self, context: Any) -> bool:
        return hasattr(context, "token")

    async def fetch(self, connection: BaseDBAsyncClient, sql: str, values: Sequence[Any]) -> Rows:
        if found := many(sql):
            one, columns = found
            rows = [values[at : at + columns] for at in range(0, len(values), columns)]
            shown: Rows = await connection._translate_exceptions(self._returned, one, rows)  # type: ignore[attr-defined]  # noqa: SLF001
            return shown
        text, sizes = listed(sql)
        return await connection.execute_query_dict(numbered(text), gathered(values, sizes))

    async def fetch_many(self, connection: BaseDBAsyncClient, queries: Sequence[Query]) -> list[Rows]:
        return [await self.fetch(connection, sql, values) for sql, values in queries]

    async def execute(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        for group in groups(statements):
            if isinstance(group, tuple):
                sql, rows = group
                await connection.execute_many(numbered(sql), [list(row) for row in rows])
            else:
                # Tortoise has no public way to send arrays; what goes wrong is told in its words all the same.
                await connection._translate_exceptions(self._together, group)  # type: ignore[attr-defined]  # noqa: SLF001

    async def _together(self, connection: BaseDBAsyncClient, group: Together) -> None:
        async with connection.acquire_connection() as raw:
            text, values = await self._arrays(raw, group)
            await raw.execute(text, *values)

    async def _returned(self, connection: BaseDBAsyncClient, sql: str, rows: Sequence[Sequence[Any]]) -> Rows:
        async with connection.acquire_connection() as raw:
            text, values = await self._arrays(raw, together([(sql, rows)]))
            return [dict(row) for row in await raw.fetch(text, *values)]

    async def _arrays(self, raw: Any, group: Together) -> tuple[str, list[Any]]:
        await self._learn(raw, group)
        return combined(group, self._types)

    async def _learn(self, raw: Any, group: Together) -> None:
        for _, (sql, _) in group:
            if sql not in self._types:
                prepared = await raw.prepare(numbered(sql))
                self._types[sql] = [type_.name for type_ in prepared.get_parameters()]

    async def finish(self, connection: BaseDBAsyncClient, statements: Sequence[Statement]) -> None:
        await self.execute(connection, statements)

    async def commit(
        self,
        connection: BaseDBAsyncClient,
        guard: Guard | None,
        queries: Sequence[Query],
        statements: Sequence[Statement],
        begin: Begin,
    ) -> list[Rows]:
        """In one statement if possible: each more would wait for the event loop, and hold its rows meanwhile."""
        if one := whole(guard, queries, statements):
            try:
                return await connection._translate_exceptions(self._at_once, one)  # type: ignore[attr-defined, no-any-return]  # noqa: SLF001
            except OperationalError as error:
                if not _is_refused(error):
                    raise  # refused by the guard: which rows were changed is told below
        async with begin() as inside:
            found = checked(guard, await self.fetch_many(inside, reads(guard, queries)))
            await self.execute(inside, statements)
        return found

    async def _at_once(self, connection: BaseDBAsyncClient, one: Whole) -> list[Rows]:
        async with connection.acquire_connection() as raw:
            await self._learn(raw, one.group)
            text, values = one.text(self._types)
            found = await raw.fetch(text, *values)
        # A guard has a row of its own where nothing else was returned.
        return [[dict(row) for row in found if row["id"] is not None]] if one.returns else []

    async def end_sessions(self, connection: BaseDBAsyncClient, session: str) -> None:
        await self.fetch(connection, END_SESSIONS, (session,))

    @asynccontextmanager
    async def migrating(self, connection: BaseDBAsyncClient) -> AsyncIterator[BaseDBAsyncClient]:
        """The lock is its connection's, and everything is done on that one: a pool of one connection is enough."""
        async with in_transaction(connection.connection_name) as guard:
            # Who waited with a snapshot would be waited for by an index that is built beside the others' work.
            while not (await guard.execute_query_dict(LOCK))[0]["taken"]:
                await guard.execute_script("COMMIT; BEGIN")
                await asyncio.sleep(_LOOK_AGAIN)
            try:
                yield guard
            finally:
                # A connection of the pool keeps its lock, and a transaction that failed answers nothing more.
                await guard.execute_script(f"ROLLBACK; BEGIN; {UNLOCK}")

    async def apply(self, connection: BaseDBAsyncClient, migration: Migration, stamp: str) -> None:
        """Ends the transaction that it finds, and leaves one behind."""
        if migration.is_online:
            await connection.execute_script("COMMIT")
            for statement in (*migration.statements, stamp):
                if "CONCURRENTLY" in statement:
                    # Nobody waits for it, and half an index stays where it fails: the file is run again from its top.
                    await connection.execute_script(statement)
                else:
                    script = f"BEGIN; {_BRIEFLY};\n{statement}\n;COMMIT;"
                    await in_turn(partial(_changed, connection, script), _is_locked)
            await connection.execute_script("BEGIN")
        else:
            script = f"COMMIT; BEGIN; {_BRIEFLY};\n{migration.sql}\n;{stamp};\nCOMMIT; BEGIN;"
            await in_turn(partial(_changed, connection, script), _is_locked)


async def _changed(connection: BaseDBAsyncClient, script: str) -> None:
    """Whole or not at all."""
    try:
        await connection.execute_script(script)
    except Exception:
        await connection.execute_script("ROLLBACK")
        raise


def _is_locked(error: Exception) -> bool:
    """Whether others held what was to be changed for too long; Tortoise passes on what it has no name for."""
    return type(error.__cause__ or error).__name__ in ("LockNotAvailableError", "DeadlockDetectedError")


async def _keep(connection: Any) -> None:
    """A connection goes back into its pool as it is: we leave nothing in a session, and one more round trip would wait.

    An open transaction was rolled back before.
    """


def _is_refused(error: OperationalError) -> bool:
    """Whether a guard ended the statement."""
    return type(error.__cause__).__name__ == "DivisionByZeroError"
