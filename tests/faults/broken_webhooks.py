"""Webhooks as they are often sent: taken for told before they are, and under another name each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.core.webhooks import Posted
from bot.runtime.webhooks import Webhooks
from bot.services import webhook_outbox as outbox
from bot.services import webhooks
from bot.services.webhook_outbox import Delivery

#: For so long a call stands in the queue, seconds.
QUEUED = 0.5


def records_first() -> None:
    """It was told as soon as it stands in a queue of calls."""
    tell = Webhooks._tell

    async def told(self: Webhooks, one: Delivery) -> bool:
        await self._record(one, Posted(200), 0)
        await asyncio.sleep(QUEUED)
        return await tell(self, one)

    Webhooks._tell = told  # type: ignore[method-assign]


def names_anew() -> None:
    """Each try is a call of its own."""
    claim = outbox.claim

    async def claimed(endpoint_id: int, most: int, now: datetime) -> list[Delivery]:
        return [replace(one, key=webhooks.new_key()) for one in await claim(endpoint_id, most, now)]

    vars(outbox)["claim"] = claimed


VARIANTS: dict[str, Callable[[], None]] = {
    "records-webhooks-first": records_first,
    "names-each-call-anew": names_anew,
}
