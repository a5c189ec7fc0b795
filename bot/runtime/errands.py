"""What staff want of a conversation reaches the node that works on its lane, and the result comes back.

A row carries it, so that it is done once at most: its node marks it before it begins, and nobody begins one whose
caller has lost patience. Hints make it quick; without them both sides look at the table.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from bot.core.errors import DatabaseBusy, LeaseLost, ParleyError, Refused, Retryable
from bot.core.events import ErrandChanged
from bot.core.faults import fault
from bot.core.shard import shard_of
from bot.runtime.lease import Lease
from models.database import engine, execute, fetch, marks, transaction
from models.node import Errand

log = logging.getLogger(__name__)

#: How long a caller waits for its errand to begin, and then to end, seconds.
PATIENCE, UNDER_WAY = 20.0, 10.0
#: How often callers look for results, and nodes for errands, where no hint comes, seconds.
RESULT_SECONDS, LOOK_SECONDS = 0.15, 0.25

Run = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Does a verb with its arguments, here."""


class Errands:
    """Both sides: `ask` for verbs of lanes that are others', and the task that runs what others ask of ours."""

    def __init__(
        self, lease: Lease, run: Run, told: Callable[[ErrandChanged], None], *, patience: float = PATIENCE
    ) -> None:
        self._lease = lease
        self._verb = run
        self._told = told
        self._patience = patience
        self._changed = asyncio.Event()
        self._results = asyncio.Condition()
        self._under_way: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run what is asked of us."""
        self._task = asyncio.create_task(self._watch(), context=contextvars.Context(), name="errands")

    async def stop(self) -> None:
        """Begin no more, and end what was begun."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, *self._under_way, return_exceptions=True)

    async def hint(self) -> None:
        """Some errand changed somewhere."""
        self._changed.set()
        async with self._results:
            self._results.notify_all()

    # who asks

    async def ask(self, conversation_id: int, lane: str, verb: str, arguments: Mapping[str, Any]) -> Any:
        """What the verb returns on the lane's node. Raises what it raises there, and `DatabaseBusy` past patience."""
        payload = msgspec.json.encode(arguments).decode()
        [row] = await fetch(f"SELECT {engine().now} AS now")
        until = float(row["now"]) + self._patience
        errand = Errand(shard=shard_of(lane), conversation_id=conversation_id, verb=verb, payload=payload, until=until)
        await errand.save()
        self._told(ErrandChanged(errand.id))
        try:
            return _value(await self._result(errand.id))
        finally:
            await asyncio.shield(_forget(errand.id))

    async def _result(self, id_: int) -> str:
        loop = asyncio.get_running_loop()
        begins, ends = loop.time() + self._patience, loop.time() + self._patience + UNDER_WAY
        while True:
            [row] = await fetch("SELECT state, result FROM errand WHERE id = ?", (id_,))
            if row["state"] == "done":
                return str(row["result"])
            if loop.time() > (ends if row["state"] == "taken" else begins):
                raise DatabaseBusy("the node that works on this conversation does not answer", after=2.0)
            async with self._results:
                try:
                    async with asyncio.timeout(RESULT_SECONDS):
                        await self._results.wait()
                except TimeoutError:
                    continue

    # whose lane it is

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                await self._look()
            except Exception as error:
                log.error("errands could not be read", extra={"action": "errands.look"} | fault(error))
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        shards = sorted(self._lease.shards)
        if not shards or not self._lease.lasts():
            return
        for row in await fetch(_ASKED.format(shards=marks(len(shards)), now=engine().now), shards):
            if await _take(row["id"]):
                task = asyncio.create_task(self._do(row["id"], row["verb"], row["payload"]))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    async def _do(self, id_: int, verb: str, payload: str) -> None:
        state, result = "done", ""
        try:
            value = await self._verb(verb, msgspec.json.decode(payload))
            result = _encoded({"value": value})
        except LeaseLost:
            state = "asked"  # nothing was written; whoever has the lane by now does it
        except Exception as error:  # it is the caller's, who waits elsewhere
            result = _encoded(_told(error))
        async with transaction() as connection:
            done = "UPDATE errand SET state = ?, result = ? WHERE id = ?"
            await execute(connection, [(done, [(state, result, id_)])])
        self._told(ErrandChanged(id_))


_ASKED = (
    "SELECT id, verb, payload FROM errand WHERE state = 'asked' AND shard IN ({shards}) AND until > {now} ORDER BY id"
)


async def _take(id_: int) -> bool:
    async with transaction() as connection:
        sql = f"SELECT id FROM errand WHERE id = ? AND state = 'asked'{engine().claim_lock}"  # noqa: S608
        found = await fetch(sql, (id_,), connection)
        if found:
            await execute(connection, [("UPDATE errand SET state = 'taken' WHERE id = ?", [(id_,)])])
    return bool(found)


async def _forget(id_: int) -> None:
    async with transaction() as connection:
        await execute(connection, [("DELETE FROM errand WHERE id = ?", [(id_,)])])


async def prune() -> None:
    """Forget errands of callers that died."""
    async with transaction() as connection:
        late = PATIENCE + 2 * UNDER_WAY
        await execute(connection, [(f"DELETE FROM errand WHERE until < {engine().now} - ?", [(late,)])])  # noqa: S608


def _encoded(told: Mapping[str, Any]) -> str:
    return msgspec.json.encode(told).decode()


def _told(error: Exception) -> dict[str, Any]:
    if isinstance(error, Refused):
        facts = {name: value for name, value in error.facts.items() if isinstance(value, str | int)}
        return {"refused": error.code, "facts": facts}
    if isinstance(error, Retryable):
        return {"busy": str(error), "after": error.after}
    log.error("an errand failed", extra={"action": "errand.failed"} | fault(error))
    return {"failed": type(error).__name__}


def _value(result: str) -> Any:
    told = msgspec.json.decode(result)
    if "refused" in told:
        raise Refused(told["refused"], **told["facts"])
    if "busy" in told:
        raise DatabaseBusy(told["busy"], after=told["after"])
    if "failed" in told:
        raise ParleyError(f"the node that works on this conversation failed: {told['failed']}")
    return told["value"]
