"""Who is due is found by indexes on PostgreSQL, however many people a shop knows: no table is read whole for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bot.services import deliveries, left_carts, stock_alerts
from models import CartLine, Contact, Conversation, Identity, Message, Order, StockAlert
from models.database import client, fetch
from tests.unit.services.shop import Shop

PEOPLE, DUE = 4000, 40
#: What grows with every customer.
GROWS = {"contact", "identity", "conversation", "message"}


async def crowd(shop: Shop) -> None:
    """So many people with a talk each, of whom some left a cart, wait for something, and got what they ordered."""
    product = await shop.product(stock=PEOPLE)
    variant, day = (await product.variants.all())[0].id, shop.now - timedelta(days=2)
    ids = range(1, PEOPLE + 1)
    at: dict[str, Any] = {"created_at": day, "updated_at": day}
    await Contact.bulk_create([Contact(id=n, person_id=n // 2 if n % 10 < 2 else None, **at) for n in ids])
    await Identity.bulk_create(
        [Identity(id=n, contact_id=n, account="sms", external_id=str(n), created_at=day) for n in ids]
    )
    await Conversation.bulk_create(
        [
            Conversation(id=n, lane=f"sms:{n}", identity_id=n, contact_id=n, account="sms", last_at=day, **at)
            for n in ids
        ]
    )
    await Message.bulk_create([Message(conversation_id=n, seq=1, author="customer", at=day) for n in ids])
    for n in range(7, 7 + DUE):
        await CartLine.create(
            contact_id=n, product_id=product.id, variant_id=variant, quantity=1, price_seen=1, currency="CNY",
            created_at=day,
        )  # fmt: skip
        await StockAlert.create(contact_id=n, variant_id=variant, conversation_id=n, created_at=day)
        order = {"number": f"N{n}", "contact_id": n, "conversation_id": n, "state": "delivered", "total": 1}
        whose = {"currency": "CNY", "name": "Ann", "address": "1 Lake Road", "paid_at": day, "delivered_at": day}
        await Order.create(**order, **whose, **at)
    await client().execute_script("ANALYZE")


async def test_nothing_that_grows_is_read_whole(postgres: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd(postgres)
    asked: list[tuple[str, tuple[Any, ...]]] = []

    async def noted(sql: str, values: Any = (), connection: Any = None) -> list[dict[str, Any]]:
        asked.append((sql, tuple(values)))
        return await fetch(sql, values, connection)

    for module in (left_carts, deliveries, stock_alerts):
        monkeypatch.setattr(module, "fetch", noted)
    now = postgres.now

    async def nowhere(conversation_id: int) -> None:
        return None

    assert len(await left_carts.due(timedelta(hours=20), now)) == DUE
    assert len(await stock_alerts.due(now)) == DUE
    assert await deliveries.to_review(timedelta(days=1), now, nowhere) == ()
    who = [(sql, values) for sql, values in asked if "conversation" in sql]
    assert len(who) == 3
    for sql, values in who:
        (row,) = await fetch(f"EXPLAIN (FORMAT JSON) {sql}", values)
        plan = json.loads(row["QUERY PLAN"])[0]["Plan"]
        assert [step for step in read_whole(plan) if step in GROWS] == [], sql


def read_whole(plan: dict[str, Any]) -> Iterator[str]:
    """The tables of a plan's sequential scans."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from read_whole(part)
