"""Reminds of a cart that was left, once: an inbound of their lane, in the commit that notes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import conversations, left_carts, reach
from models.database import transaction


async def remind(inbox: Inbox, shop: Shop, now: datetime, after: timedelta) -> list[Waiting]:
    """The next whose carts were left for so long, where they can be reached best."""
    contacts = await left_carts.due(after, now)
    if not contacts:
        return []
    async with transaction() as connection:
        told = [await _told(contact, shop, now, after) for contact in contacts]
        return await inbox.keep_within(connection, [inbound for inbound in told if inbound])


async def _told(contact_id: int, shop: Shop, now: datetime, after: timedelta) -> Inbound | None:
    left = await left_carts.take(contact_id, after, now)
    if left is None:
        return None
    id_ = await reach.best(left.conversation_id, shop.capabilities, now, "reminders", shop.quiet)
    there = await conversations.address(id_)
    return Inbound(there.account, f"cart:{left.line_id}", there.external_id, "cart") if there else None
