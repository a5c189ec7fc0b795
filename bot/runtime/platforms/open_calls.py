"""Calls of a platform that carry an answer back: held open for what the bot says, wherever it says it.

WeChat and Weibo cut a call after five seconds and make it again, two times. The event is the same each time, so what
was said is kept with the event: any try of it, on any node, carries the same words. Who sends learns whether they were
collected; if nobody does, they are taken back and go out in another way.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode

from bot.core.message import Inbound
from models.database import engine, execute, fetch, transaction

#: How often both sides look, where the other one is on another node, seconds.
LOOK_SECONDS = 0.1
#: Between the end of a try and the beginning of the next one, seconds.
GAP = 3.0
#: How long a call is remembered behind its end, and how often that is looked at: it may come once more, seconds.
REMEMBERED = 30.0

_OPEN = (
    "INSERT INTO open_call (account, key, recipient, until, hope) VALUES (?, ?, ?, {now} + ?, {now} + ?) "
    "ON CONFLICT (account, key) DO UPDATE SET until = excluded.until, tries = open_call.tries + 1"
)
_OPENED = "SELECT id, tries FROM open_call WHERE account = ? AND key = ?"
_HOPELESS = "UPDATE open_call SET hope = until WHERE id = ?"
_SAID = "SELECT said, collected FROM open_call WHERE id = ?"
_COLLECT = "UPDATE open_call SET collected = ? WHERE id = ? AND said <> ''"
_FREE = (
    "SELECT id FROM open_call WHERE account = ? AND recipient = ? AND said = '' AND (until > {now} OR hope > {now}) "
    "ORDER BY id LIMIT 1"
)
_GIVE = "UPDATE open_call SET said = ?, effect = ? WHERE id = ?"
_GIVEN = "SELECT id, collected FROM open_call WHERE account = ? AND recipient = ? AND effect = ?"
_IS_COLLECTED = "SELECT collected, (until > {now} OR hope > {now}) AS is_open FROM open_call WHERE id = ?"
_TAKE_BACK = "UPDATE open_call SET said = '', effect = '' WHERE id = ? AND collected = ?"
_FORGET = "DELETE FROM open_call WHERE hope < {now} - ? AND until < {now} - ?"


class HeldCalls:
    """All open calls of this process's channels."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()

    # who was called

    async def open(self, inbound: Inbound, seconds: float, tries: int) -> tuple[int, bool]:
        """Announce a call that is held so long, before its event is kept: its id, and whether it is the last try."""
        now, key = engine().now, (inbound.account, inbound.key)
        hope = tries * (seconds + GAP)
        async with transaction() as connection:
            await execute(connection, [(_OPEN.format(now=now), [(*key, inbound.sender, seconds, hope)])])
            [row] = await fetch(_OPENED, key, connection)
            is_last = row["tries"] >= tries
            if is_last:
                await execute(connection, [(_HOPELESS, [(row["id"],)])])
        await self._tell()
        return int(row["id"]), is_last

    async def collect(self, id_: int, seconds: float) -> bytes:
        """What is said for this call within so many seconds; b"" for nothing."""
        until = asyncio.get_running_loop().time() + seconds
        while (patience := until - asyncio.get_running_loop().time()) > 0:
            [row] = await fetch(_SAID, (id_,)) or [{"said": "", "collected": False}]
            if row["said"]:
                async with transaction() as connection:
                    await execute(connection, [(_COLLECT, [(True, id_)])])
                    rows = await fetch(_SAID, (id_,), connection)
                await self._tell()
                return b64decode(rows[0]["said"]) if rows else b""  # none: whoever called was forgotten at this moment
            await self._wait(min(LOOK_SECONDS, patience))
        return b""

    # who sends

    async def give(self, account: str, recipient: str, key: str, said: bytes) -> bool:
        """Answer this person's oldest open call; False when there is none, or nobody collected it in time."""
        call = await self._put(account, recipient, key, b64encode(said).decode())
        if call is None:
            return False
        await self._tell()
        while True:
            [row] = await fetch(_IS_COLLECTED.format(now=engine().now), (call,)) or [{"collected": 0, "is_open": 0}]
            if row["collected"] or not row["is_open"]:
                return bool(row["collected"]) or not await self._take_back(call)
            await self._wait(LOOK_SECONDS)

    async def _put(self, account: str, recipient: str, key: str, said: str) -> int | None:
        async with transaction() as connection:
            # An earlier try of the same effect: it may have been collected before this process was there.
            if rows := await fetch(_GIVEN, (account, recipient, key), connection):
                return int(rows[0]["id"])
            free = _FREE.format(now=engine().now) + engine().claim_lock
            rows = await fetch(free, (account, recipient), connection)
            if not rows:
                return None
            await execute(connection, [(_GIVE, [(said, key, rows[0]["id"])])])
            return int(rows[0]["id"])

    async def _take_back(self, call: int) -> bool:
        """False when it was collected at the last moment."""
        async with transaction() as connection:
            await execute(connection, [(_TAKE_BACK, [(call, False)])])
            rows = await fetch(_SAID, (call,), connection)
        return not (rows and rows[0]["collected"])

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self, seconds: float) -> None:
        async with self._changed:
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return


class AccountCalls:
    """The open calls of one account, as its channel sees them."""

    def __init__(self, calls: HeldCalls, account: str) -> None:
        self._calls = calls
        self._account = account

    async def give(self, recipient: str, key: str, said: bytes) -> bool:
        """See `HeldCalls.give`."""
        return await self._calls.give(self._account, recipient, key, said)


async def prune() -> None:
    """Forget calls that nobody makes again, and what was said for them."""
    async with transaction() as connection:
        await execute(connection, [(_FORGET.format(now=engine().now), [(REMEMBERED, REMEMBERED)])])
