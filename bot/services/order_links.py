"""The link by which a customer sees their order: its number with a mark that only we can make."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from bot.core.errors import Refused
from bot.services import orders
from bot.services.orders import OrderView
from bot.services.scope import language
from bot.services.visitors import ACCOUNT
from models import Contact, Identity, Order

_LENGTH = 32  # hex digits: 128 bits
#: So long after an order its page may lead its customer into another app, as its customer.
CLAIMED_WITHIN = timedelta(days=30)


def mark(secret: bytes, number: str) -> str:
    """What opens the page of this order, and of no other."""
    return hmac.new(secret, f"order page {number}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:_LENGTH]


def path(secret: bytes, number: str) -> str:
    """The page's path."""
    return f"/order/{number}/{mark(secret, number)}"


async def opened(secret: bytes, number: str, given: str) -> OrderView:
    """The order of such a link. Raises `Refused("no_order")`, the same for every wrong one."""
    if not hmac.compare_digest(mark(secret, number).encode(), given.encode("utf-8", "replace")):
        raise Refused("no_order")
    order = await Order.filter(number=number).first()
    if order is None or not order.name:  # blank: whoever ordered was forgotten
        raise Refused("no_order")
    return await orders.view(order)


async def locale_of(order: OrderView) -> str:
    """The language of whoever ordered, as they chose it; "" where they have not."""
    contact = await Contact.filter(id=order.contact_id).first()
    return language(contact.locale) if contact and contact.locale else ""


async def visitor_of(order: OrderView, now: datetime) -> str:
    """As which visitor of the web chat whoever opens the link may go on in another app.

    "" where its customer was somebody before the order, is known in another one, or has had the time: links are
    forwarded, and whoever gets one is not to become them.
    """
    if order.conversation_id is None or now > order.created_at + CLAIMED_WITHIN or not await leads(order.contact_id):
        return ""
    found = await Identity.filter(conversation__id=order.conversation_id, account=ACCOUNT).select_related("contact")
    return found[0].external_id if found and found[0].contact.person_id is None else ""


async def leads(contact_id: int) -> bool:
    """Whether this is a customer whom the page of an order leads to an app: nobody reads a chat of theirs before."""
    return await Order.filter(contact_id=contact_id, api_orders__id__isnull=False).exists()
