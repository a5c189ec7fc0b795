"""Keeps the search index up with the messages, in small batches and beside the way, so that no message waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.core.events import Event
from bot.core.faults import fault
from bot.runtime.bus import Bus
from bot.services import search

log = logging.getLogger(__name__)
_GATHER = 2.0  # seconds for messages to gather
_PAUSE = 0.05  # between batches, so that others get the writer


async def keep_indexing(bus: Bus) -> None:
    """Runs until it is cancelled."""
    came = asyncio.Event()
    came.set()  # what an earlier process left

    async def notice(_: Sequence[Event]) -> None:
        came.set()

    subscription = bus.subscribe("message.stored", notice, capacity=1)
    try:
        while True:
            await came.wait()
            came.clear()
            await _catch_up()
            await asyncio.sleep(_GATHER)
    finally:
        await bus.unsubscribe(subscription)


async def _catch_up() -> None:
    try:
        more = True
        while more:
            more = await search.index_some()
            await asyncio.sleep(_PAUSE if more else 0)
    except Exception as error:
        # Search finds a little less until the next message; the chat must not notice.
        log.error("messages were not indexed", extra={"action": "search.index"} | fault(error))
