"""While live events of other nodes may be missing, screens look at the database: the chat goes on, a second later."""

from __future__ import annotations

import asyncio
import logging

from bot.core.faults import fault
from web.chat_feed import ChatFeed
from web.desk.live import DeskNamespace
from web.ports import Relay

log = logging.getLogger(__name__)


async def keep_catching_up(relay: Relay, every: float, chat: ChatFeed, desk: DeskNamespace) -> None:
    """Runs until it is cancelled; costs nothing while every event arrives. `every`: seconds."""
    was_polling = False
    while True:
        await asyncio.sleep(every)
        polls = relay.polls
        if polls:
            try:
                await chat.look()
                await desk.look(anew=not was_polling)
            except Exception as error:
                # The database may be away, too; the next look finds everything.
                log.error("screens were not brought up to date", extra={"action": "relay.look"} | fault(error))
        was_polling = polls
