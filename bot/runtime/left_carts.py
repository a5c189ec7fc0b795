"""Reminds of a cart that was left, once: an inbound of their lane, in the commit that notes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import left_carts, unasked
from bot.services.left_carts import Left
from models.database import transaction


async def remind(inbox: Inbox, shop: Shop, now: datetime, after: timedelta) -> list[Waiting]:
    """The next whose carts were left for so long, where they can be reached best."""
    contacts = await left_carts.due(after, now)
    if not contacts:
        return []
    async with transaction() as connection:
        find = unasked.finding(shop.capabilities, now, shop.quiet)
        taken = [await left_carts.take(contact, after, now, find) for contact in contacts]
        return await inbox.keep_within(connection, [_told(left) for left in taken if left])


def _told(left: Left) -> Inbound:
    name = f"cart:{left.line_id}"
    return Inbound(left.where.account, name, left.where.external_id, "cart", client_id=name)
