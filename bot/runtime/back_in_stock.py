"""Tells who asked for it that something is back: an inbound of their lane, in the commit that ends their wish."""

from __future__ import annotations

from datetime import datetime

from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import conversations, reach, stock_alerts
from models import StockAlert
from models.database import transaction


async def tell(inbox: Inbox, shop: Shop, now: datetime) -> list[Waiting]:
    """The next who can be told, where they can be reached best; what may not be sent there yet waits in its outbox."""
    ids = await stock_alerts.due(now)
    if not ids:
        return []
    async with transaction() as connection:
        told = [await _told(alert, shop, now) for alert in await stock_alerts.take(ids)]
        return await inbox.keep_within(connection, [inbound for inbound in told if inbound])


async def _told(alert: StockAlert, shop: Shop, now: datetime) -> Inbound | None:
    id_ = await reach.best(alert.conversation_id, shop.capabilities, now, "reminders", shop.quiet)
    there = await conversations.address(id_)
    if there is None:
        return None
    name = stock_alerts.name(alert.id)
    return Inbound(there.account, name, there.external_id, "back", data=alert.variant.sku, client_id=name)
