"""Pulls what happened at the desks, once somebody rings and now and then anyway; nothing is passed before it is kept.

One node at a time pulls from a desk. Its cursor is moved after `accept` has returned: what was kept and not passed is
pulled again and is a duplicate.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.channels._reading import Json, objects, text
from bot.channels._weixin_calls import Calls
from bot.channels.wecom.events import Reader
from bot.channels.wecom.meanings import DoorbellOver
from bot.core.errors import BadInput, ChannelUnavailable
from bot.core.ports import Accept, Notes

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

#: Items of one pull, and how long a node may take for them, seconds.
MOST_ITEMS, PULLING = 1000, 60.0
#: Desks that are named at once, and the most that a company may have.
PAGE, MOST_DESKS = 100, 10_000
#: Seconds until a desk that another node pulls from is looked at again.
LOOK = 0.5
LONGEST_PAUSE = 30.0


class Puller:
    """`desks` are those of the account; none: all that WeCom names. `poll` is seconds."""

    def __init__(
        self,
        reader: Reader,
        calls: Calls,
        notes: Notes,
        desks: tuple[str, ...],
        poll: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._reader = reader
        self._calls = calls
        self._notes = notes
        self._desks = desks
        self._poll = poll
        self._sleep = sleep
        self._rung: dict[str, str] = {}
        self._bell = asyncio.Event()

    def ring(self, desk: str, token: str) -> None:
        """There is something new at a desk; `token` lets us ask for it at once."""
        if not self._desks or desk in self._desks:
            self._rung[desk] = token
            self._bell.set()

    async def run(self, accept: Accept) -> None:
        """For ever."""
        failures = 0
        for_all = True
        while True:
            rung, self._rung = self._rung, {}
            self._bell.clear()
            try:
                if for_all:
                    rung = dict.fromkeys(await self.desks(), "") | rung
                waits = await self._pull_all(rung, accept)
            except Exception as error:
                # Whatever it was: it is still WeCom's, and is asked for again.
                failures += 1
                self._complain(error)
                for desk, token in rung.items():
                    self._rung.setdefault(desk, token)
                await self._sleep(pause(failures, getattr(error, "after", None)))
            else:
                failures = 0
                for_all = not await self._is_rung(LOOK if waits else self._poll) and not waits

    async def desks(self) -> tuple[str, ...]:
        """The account's desks. Raises as `Calls.post`."""
        return self._desks or tuple(await self.names())

    async def names(self) -> dict[str, str]:
        """What the desks are called, by open_kfid. Raises as `Calls.post`."""
        found: dict[str, str] = {}
        for offset in range(0, MOST_DESKS, PAGE):
            told = await self._calls.post("/cgi-bin/kf/account/list", {"offset": offset, "limit": PAGE})
            try:
                page = objects(told, "account_list")
                found |= {text(one, "open_kfid"): text(one, "name") for one in page}
            except BadInput:
                raise ChannelUnavailable("a list of desks that cannot be read") from None
            if len(page) < PAGE:
                break
        return found

    async def _pull_all(self, rung: dict[str, str], accept: Accept) -> bool:
        """True when a desk was left to another node, and has to be looked at again."""
        waits = False
        while rung:
            desk, token = next(iter(rung.items()))
            if not await self._pull(desk, token, accept):
                self._rung.setdefault(desk, token)
                waits = True
            del rung[desk]
        return waits

    async def _pull(self, desk: str, token: str, accept: Accept) -> bool:
        """All that is new at a desk; False when another node has it."""
        lock = f"{self._reader.account}:pull:{desk}"
        more = True
        while more:
            if not await self._notes.claim(lock, PULLING):
                return False
            try:
                more = await self._batch(desk, token, accept)
            finally:
                await self._notes.release(lock)
        return True

    async def _batch(self, desk: str, token: str, accept: Accept) -> bool:
        """Whether there is more behind it."""
        note = f"{self._reader.account}:cursor:{desk}"
        cursor = await self._notes.get(note)
        told = await self._sync(desk, token, cursor)
        try:
            items, moved = objects(told, "msg_list"), text(told, "next_cursor", 256)
        except BadInput:
            raise ChannelUnavailable("what was pulled cannot be read") from None
        inbounds = [inbound for item in items for inbound in self._reader.read(item)]
        if inbounds:
            await accept(inbounds)
        if moved and moved != cursor:
            await self._notes.put(note, moved)
        return told.get("has_more") == 1 and bool(moved) and moved != cursor

    async def _sync(self, desk: str, token: str, cursor: str) -> Json:
        """A doorbell of long ago is of no use, and none is needed."""
        asked: Json = {"cursor": cursor, "limit": MOST_ITEMS, "voice_format": 0, "open_kfid": desk}
        if not token:
            return await self._calls.post("/cgi-bin/kf/sync_msg", asked)
        try:
            return await self._calls.post("/cgi-bin/kf/sync_msg", asked | {"token": token})
        except DoorbellOver:
            return await self._calls.post("/cgi-bin/kf/sync_msg", asked)

    async def _is_rung(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            return False
        return True

    def _complain(self, error: Exception) -> None:
        facts = {"action": "wecom.pull", "account": self._reader.account, "error": type(error).__name__}
        log.warning("wecom.pull: %s", error, extra=facts)


def pause(failures: int, after: float | None = None) -> float:
    """Seconds until the next try: what WeCom asks for, else 0.5 doubling up to 30."""
    return max(after or 0.0, min(LONGEST_PAUSE, 0.25 * 2.0 ** min(failures, 10)))
