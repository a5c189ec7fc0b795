"""Shows customers who wait longer than a moment that an answer is coming: best effort, no row, never tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from bot.core.message import FROM_CUSTOMER, Inbound
from bot.core.ports import Channel
from bot.runtime.ledger import Waiting

log = logging.getLogger(__name__)

#: Who waits at two looks is shown "typing": after one second, or two.
LOOK_SECONDS = 1.0
#: Platforms show it for about five seconds, so it is said again at every fourth look.
SHOWN_FOR = 4
#: Shown at one look. Where more wait, the platform has enough to do with the answers.
MOST = 20
Wait = tuple[str, str, int]
"""The account, the person there, and which of their waits it is: an inbound's id, or one of a call."""


class Courtesy:
    """`handled` are the inbounds that turns work on at this moment."""

    def __init__(self, channels: Mapping[str, Channel], handled: Callable[[], Iterable[Waiting]]) -> None:
        self._channels = channels
        self._handled = handled
        self._calls: dict[int, Wait] = {}
        self._count = 0
        self._looks: dict[Wait, int] = {}  # how many earlier looks have seen it

    @contextmanager
    def waits(self, account: str, person: str) -> Iterator[None]:
        """Inside the block somebody waits for the outside world."""
        self._count -= 1  # below every id of an inbound
        number = self._count
        self._calls[number] = (account, person, number)
        try:
            yield
        finally:
            del self._calls[number]

    async def look(self) -> None:
        """To be called every `LOOK_SECONDS`; done before the next one."""
        turns = {one.id: one.inbound for one in self._handled() if one.inbound.kind in FROM_CUSTOMER}
        waiting = [*((one.account, one.sender, id_) for id_, one in turns.items()), *self._calls.values()]
        self._looks = {wait: self._looks.get(wait, -1) + 1 for wait in waiting}
        shown = [wait for wait, looks in self._looks.items() if looks % SHOWN_FOR == 1][:MOST]
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS * 0.9):
                await asyncio.gather(*(self._show(account, person, turns.get(id_)) for account, person, id_ in shown))

    async def _show(self, account: str, person: str, to: Inbound | None) -> None:
        channel = self._channels.get(account)
        if channel is None or not channel.capabilities.typing:
            return
        try:
            await channel.typing(person, to)
        except Exception as error:  # a courtesy that fails is none
            log.debug("typing", extra={"action": "courtesy.failed", "account": account, "error": type(error).__name__})
