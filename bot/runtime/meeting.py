"""Finds the conversations that turns begin from, many in one reading, and meets strangers.

A stranger's platform is asked who they are before they are met, outside of any transaction and with only their own lane
waiting. So what it tells is in their rows from the first, whichever attempt at the turn succeeds; and where it told
nothing, the effect that asks later is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.core.message import Inbound
from bot.runtime.group import GroupCommit
from bot.runtime.platforms.profiles import Introductions, Stranger, asks
from bot.runtime.shop import Shop
from bot.runtime.state import ConversationState, find_states, load_states
from bot.runtime.writes import Writes
from models.database import execute, transaction


class Meeting:
    """To be made within the running loop. Up to `most` conversations share one reading."""

    def __init__(self, shop: Shop, introductions: Introductions, clock: Callable[[], datetime], most: int) -> None:
        self._shop = shop
        self._introductions = introductions
        self._clock = clock
        self._found: GroupCommit[str, ConversationState | None] = GroupCommit(_find, most=most)
        self._met: GroupCommit[Stranger, ConversationState | None] = GroupCommit(self._meet, most=most)

    async def conversation(self, inbound: Inbound) -> ConversationState | None:
        """The one of this inbound; None of somebody whom we do not know and need not meet. Raises `DatabaseBusy`."""
        found = await self._found.submit(inbound.lane)
        if found is not None or not self._shop.meets(inbound):
            return found
        return await self._met.submit(await self._introductions.introduce(inbound))

    async def close(self) -> None:
        """Finish what is under way with the database."""
        await self._introductions.close()
        await self._found.close()
        await self._met.close()

    async def _meet(self, strangers: Sequence[Stranger]) -> list[ConversationState | None]:
        now, inbounds = self._clock(), [stranger.inbound for stranger in strangers]
        async with transaction() as connection:
            states = await load_states(connection, inbounds, now, self._shop.meets)
            # Found by the next look at the table: a platform that has just failed need not be asked at once.
            if effects := [asks(states[one.inbound.lane]) for one in strangers if one.untold]:
                await execute(connection, Writes(effects=effects).statements(now))
        return [states.get(inbound.lane) for inbound in inbounds]


async def _find(lanes: Sequence[str]) -> list[ConversationState | None]:
    states = await find_states(lanes)
    return [states.get(lane) for lane in lanes]
