"""What happened is written down for those who want to be told, in the transaction in which it happened.

Payloads name things by their numbers and say nothing that a person said or is called: whoever is told reads that with a
right of their own, and what is erased here is not kept in a payload.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from bot.core.webhooks import VERSION, is_wanted
from models import Order, OrderCharge, OrderLine, Payment, Review, ShipmentLine
from models.database import client, execute, fetch

#: Who wants what is asked again after so many seconds: a new endpoint is told of what happens from then on.
REMEMBERED = 2.0
INSERT = "INSERT INTO webhook_event (key, name, subject, body, spread, at) VALUES (?,?,?,?,?,?)"
Row = tuple[object, ...]


class _Wanted:
    """The patterns of all endpoints, as of the last look."""

    def __init__(self) -> None:
        self.patterns: frozenset[str] = frozenset()
        self.until = 0.0  # by the clock of `loop`
        self.loop: asyncio.AbstractEventLoop | None = None

    async def get(self) -> frozenset[str]:
        loop = asyncio.get_running_loop()
        if loop is not self.loop or loop.time() >= self.until:
            rows = await fetch("SELECT events FROM webhook_endpoint WHERE state <> 'gone'")
            self.patterns = frozenset(pattern for row in rows for pattern in msgspec.json.decode(row["events"]))
            self.loop, self.until = loop, loop.time() + REMEMBERED
        return self.patterns


_wanted = _Wanted()


def forget() -> None:
    """Endpoints were changed: look again."""
    _wanted.until = 0.0


async def wanted() -> frozenset[str]:
    """What anybody wants, none where nobody wants anything: at most one query in `REMEMBERED` seconds."""
    return await _wanted.get()


def event(name: str, subject: str, data: Mapping[str, Any], now: datetime) -> Row:
    """A row for `INSERT`; its key is the webhook-id of every call that tells of it."""
    told = {"type": name, "version": VERSION, "timestamp": now, "data": data}
    return (new_key(), name, subject, msgspec.json.encode(told).decode(), False, now)


def new_key() -> str:
    """A webhook-id."""
    return f"msg_{secrets.token_hex(16)}"


async def write(rows: Sequence[Row]) -> None:
    """Into the caller's transaction."""
    await execute(client(), [(INSERT, rows)])


async def of_order(
    order: Order, before: str, actor: str, now: datetime, what: str = "", shipment_id: int | None = None
) -> None:
    """A step of an order was taken, or `what` else was done with it, see `OrderEvent`; and what left by it.

    `order.<its state>`, or `order.changed` where the state stayed.
    """
    name = f"order.{order.state if order.state != before else 'changed'}"
    if not is_wanted(name, await wanted()):
        return
    lines = await OrderLine.filter(order_id=order.id).order_by("id")
    charges = await OrderCharge.filter(order_id=order.id).order_by("id")
    data = {
        "id": order.id,
        "number": order.number,
        "state": order.state,
        "from": before or None,
        "by": actor,
        "what": what,
        "total": _money(order.total, order.currency),
        "lines": [
            {
                "sku": line.sku,
                "quantity": line.quantity,
                "cancelled": line.cancelled,
                "price": _money(line.price, order.currency),
            }
            for line in lines
        ],
        "charges": [
            {
                "kind": one.kind,
                "name": one.name,
                "amount": _money(one.amount, order.currency),
                "included": one.included,
            }
            for one in charges
        ],
        "shipment": await _shipment(shipment_id, lines) if shipment_id else None,
        "country": order.country or None,
        "has_note": bool(order.note),
        "account": order.account,
        "contact": order.contact_id,
        "conversation": order.conversation_id,
        "created_at": order.created_at,
        "paid_at": order.paid_at,
    }
    await write([event(name, f"order:{order.id}", data, now)])


async def _shipment(id_: int, lines: Sequence[OrderLine]) -> dict[str, object]:
    skus = {line.id: line.sku for line in lines}
    sent = await ShipmentLine.filter(shipment_id=id_).order_by("id")
    return {"id": id_, "lines": [{"sku": skus[one.order_line_id], "quantity": one.quantity} for one in sent]}


async def of_payment(payment: Payment, action: str, now: datetime) -> None:
    """A step of a payment was taken: `payment.<action>`."""
    name = f"payment.{action}"
    if not is_wanted(name, await wanted()):
        return
    captured = payment.captured_currency
    data = {
        "id": payment.id,
        "order": payment.order_id,
        "provider": payment.provider,
        "state": payment.state,
        "amount": _money(payment.amount, payment.currency),
        "captured": _money(payment.captured, captured) if captured else None,
        "refunded": _money(payment.refunded, captured) if captured else None,
    }
    await write([event(name, f"payment:{payment.id}", data, now)])


async def of_review(review: Review, action: str, now: datetime) -> None:
    """`review.received` (also again, while it waits), `review.accepted`, `review.rejected`."""
    name = f"review.{action}"
    if not is_wanted(name, await wanted()):
        return
    data = {
        "id": review.id,
        "stars": review.stars,
        "state": review.state,
        "order": review.order_id,
        "product": review.product_id,
        "account": review.account,
        "contact": review.contact_id,
        "conversation": review.conversation_id,
    }
    await write([event(name, f"review:{review.id}", data, now)])


def _money(amount: int, currency: str) -> dict[str, object]:
    """In minor units, as everywhere in the API."""
    return {"amount": amount, "currency": currency}
