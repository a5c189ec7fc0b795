"""What becomes due by itself: a dialog's reminder or end, and orders that were not paid in time. Each is an inbound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.capabilities import Capabilities
from bot.core.events import OrderChanged
from bot.core.message import Inbound
from bot.core.ports import Storage
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.services import attachments, conversations, orders, reach
from models import Conversation
from models.database import execute, fetch, transaction

Accept = Callable[[Sequence[Inbound]], Awaitable[int]]
_DUE = (
    "SELECT d.token, d.{column} AS due, c.id AS conversation_id, c.account, i.external_id, i.reachable FROM dialog d "
    "JOIN conversation c ON c.id = d.conversation_id "
    "JOIN identity i ON i.id = c.identity_id WHERE d.{column} IS NOT NULL AND d.{column} <= ? LIMIT 500"
)
_NO_REMINDER = "UPDATE dialog SET remind_at = NULL WHERE token = ? AND remind_at = ?"
#: A week of settled effects and inbounds is kept for questions; older ones serve nobody.
_PRUNE = (
    "DELETE FROM effect WHERE state IN ('done', 'cancelled') AND created_at < ?",
    "DELETE FROM inbound WHERE state = 'done' AND received_at < ?",
)


async def dialogs_due(accept: Accept, capabilities: Mapping[str, Capabilities], now: datetime) -> int:
    """Hand the timers that are due to their lanes; the key makes each happen once.

    A reminder is dropped where nothing may be sent now; `capabilities` are those of each account.
    """
    reminders = await fetch(_DUE.format(column="remind_at"), [now])
    may = [await _may_remind(row, capabilities, now) for row in reminders]
    await _forget([row for row, allowed in zip(reminders, may, strict=True) if not allowed])
    ends = await fetch(_DUE.format(column="expire_at"), [now])
    told = [_timer("remind", row) for row, allowed in zip(reminders, may, strict=True) if allowed]
    return await accept([*told, *(_timer("expire", row) for row in ends)])


def _timer(what: str, row: Mapping[str, Any]) -> Inbound:
    key = f"{what}:{row['token']}:{row['due']}"
    return Inbound(row["account"], key, row["external_id"], "timer", data=f"{what}:{row['token']}")


async def _may_remind(row: Mapping[str, Any], capabilities: Mapping[str, Capabilities], now: datetime) -> bool:
    last = await conversations.last_from_customer(row["conversation_id"])
    able = capabilities.get(row["account"])
    return reach.can_send(able, reachable=bool(row["reachable"]), last_from_customer=last, now=now).ok


async def _forget(reminders: Sequence[Mapping[str, Any]]) -> None:
    if reminders:
        async with transaction() as connection:
            await execute(connection, [(_NO_REMINDER, [(row["token"], row["due"]) for row in reminders])])


async def orders_due(inbox: Inbox, now: datetime) -> tuple[list[Waiting], list[OrderChanged]]:
    """Expire unpaid orders, free their stock, and tell their customers: all of it, or nothing."""
    async with transaction() as connection:
        ended = await orders.expire(now)
        told = [await order_changed(order) for order in ended]
        waiting = await inbox.keep_within(connection, [inbound for inbound in told if inbound])
    return waiting, [OrderChanged(order.id) for order in ended]


async def order_changed(order: orders.OrderView) -> Inbound | None:
    """The inbound that tells the customer of an order's step; None when the order has no conversation."""
    row = await Conversation.filter(id=order.conversation_id or 0).select_related("identity").first()
    if row is None:
        return None
    key = f"order:{order.number}:{order.state}"
    return Inbound(row.account, key, row.identity.external_id, "order", data=order.number)


async def prune(older_than: datetime) -> None:
    """Delete settled rows of the two queues."""
    async with transaction() as connection:
        await execute(connection, [(sql, [(older_than,)]) for sql in _PRUNE])


async def purge_uploads(storage: Storage, older_than: datetime) -> int:
    """Delete uploads whose message never came: the rows first, since a row must never point at nothing."""
    async with transaction():
        keys = await attachments.forsaken(older_than)
    for key in keys:
        await storage.delete(key)
    return len(keys)
