"""Tells who asked for it that something is back: an inbound of their lane, in the commit that ends their wish."""

from __future__ import annotations

from datetime import datetime

from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import stock_alerts, unasked
from bot.services.unasked import Where
from models import StockAlert
from models.database import transaction


async def tell(inbox: Inbox, shop: Shop, now: datetime) -> list[Waiting]:
    """The next who can be told, where they can be reached best; what may not be sent there yet waits in its outbox."""
    ids = await stock_alerts.due(now)
    if not ids:
        return []
    async with transaction() as connection:
        taken = await stock_alerts.take(ids, unasked.finding(shop.capabilities, now, shop.quiet), now)
        return await inbox.keep_within(connection, [_told(alert, there) for alert, there in taken])


def _told(alert: StockAlert, there: Where) -> Inbound:
    name = stock_alerts.name(alert.id)
    return Inbound(there.account, name, there.external_id, "back", data=alert.variant.sku, client_id=name)
