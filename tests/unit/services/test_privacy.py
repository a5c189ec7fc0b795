"""Canaries in every text column there is: an export has all of one person, an erasure leaves none of them.

The columns come from the models, so a new one is tested the day it is added, and a new table is red until it is said
here whether it is about a person.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tortoise import fields
from tortoise.models import Model

import models
from bot.core.message import FileRef
from bot.core.ports import StoredFile
from bot.services import attachments, privacy, refunds, search
from bot.services.privacy import SECRET
from bot.services.refunds import Wish
from models import Identity, Inbound
from models.database import client, dialect, transaction
from tests.unit.services.shop import NOW, Shop

#: One letter of Old Slavonic each, which fits into any column and stands nowhere else.
ANN, BOB = "ꙮ", "ꙭ"
#: Tables about a person, in an order in which their rows can be made.
PERSONAL: tuple[type[Model], ...] = (
    models.Contact,
    models.Identity,
    models.IdentityAlias,
    models.Consent,
    models.Visitor,
    models.Conversation,
    models.Message,
    models.MessagePiece,
    models.Dialog,
    models.Inbound,
    models.Effect,
    models.Errand,
    models.Opening,
    models.BroadcastCopy,
    models.OpenCall,
    models.Attachment,
    models.CartLine,
    models.Order,
    models.ApiOrder,
    models.OrderLine,
    models.OrderCharge,
    models.OrderEvent,
    models.OrderNote,
    models.Shipment,
    models.ShipmentLine,
    models.StockHold,
    models.StockPick,
    models.StockAlert,
    models.StockTold,
    models.Payment,
    models.PaymentEvent,
    models.Refund,
    models.Receipt,
    models.Charge,
    models.LedgerEntry,
    models.StatementLine,
    models.Difference,
    models.Review,
    models.ReviewPhoto,
    models.ReportSubscription,
    models.ReportDelivery,
    models.PersonCode,
    models.PersonLink,
)
OTHER = {"Audit", "Duty", "LinkCode", "LoginAttempt", "Node", "Product", "ReportRun", "Setting", "Shard", "Staff"}
OTHER |= {
    "ApiKey",
    "Category",
    "ForSale",
    "Place",
    "Price",
    "ProductPicture",
    "ProductSearch",
    "Stock",
    "Variant",
    "Broadcast",
    "ChannelNote",
    "StaffSession",
}
OTHER |= {"WebhookDelivery", "WebhookEndpoint", "WebhookEvent"}  # they name people by their numbers alone
OTHER |= {"Statement"}
OTHER |= {"Deletion"}  # whose it was, nothing there tells
OTHER |= {"StoreSync", "StoreSeen", "StoreProblem", "StoreConflict", "StoreHint"}
OTHER |= {"StoreOrder"}  # which number an order has in the shop
OTHER |= {"StoreReview"}  # blank once they are forgotten, until it is gone in the shop: test_store_reviews
#: What the law wants kept: which order, what, how much, paid how and when. The contact's own row stays, blank.
LEGAL = {
    "order": {"number", "account", "state", "currency", "country"},
    "order_line": {"sku", "name"},
    "order_charge": {"kind", "name", "title"},
    "order_event": {"from_state", "to_state", "actor", "what", "asked_as"},
    "payment": {"provider", "key", "reference", "state", "currency", "captured_currency", "device"},
    "payment_event": {"action"},
    "refund": {"key", "asked_as", "state"},
    "receipt": {"key", "currency"},
    "api_order": {"request_hash"},
    "charge": {"account", "charge", "other", "currency"},
    "ledger_entry": {"cause", "account", "currency"},
    "statement_line": {"reference", "key", "currency"},
    "difference": {
        "provider",
        "key",
        "side",
        "reference",
        "kind",
        "theirs_currency",
        "ours_currency",
        "day",
        "state",
    },
}
NOT_PLANTED = {
    ("open_call", "account"),
    ("identity_alias", "account"),
    ("identity", "account"),
    ("conversation", "account"),
    ("message", "author"),
}


def table_of(model: type[Model]) -> str:
    return str(model._meta.db_table)


def text_columns(model: type[Model]) -> dict[str, fields.Field[Any]]:
    """Columns that can hold words."""
    kinds = (fields.CharField, fields.TextField, fields.JSONField)
    return {name: field for name, field in model._meta.fields_map.items() if isinstance(field, kinds)}


def words(field: fields.Field[Any], canary: str) -> Any:
    if isinstance(field, fields.JSONField):
        return {canary: canary}
    return canary * min(getattr(field, "max_length", 12), 12)


async def plant(shop: Shop, canary: str) -> dict[str, int]:
    """One row in each personal table, its words all canaries; returns their ids by table."""
    product = await models.Product.get_or_none(sku="tea") or await shop.product()
    staff = await models.Staff.first() or await models.Staff.create(
        login="lu", name="Lu", role="manager", password_hash="x", created_at=NOW
    )
    run = await models.ReportRun.first() or await models.ReportRun.create(
        report="sales", slot="s", period_start=NOW, period_end=NOW, timezone="UTC", created_at=NOW
    )
    news = await models.Broadcast.first() or await models.Broadcast.create(text="news", send_at=NOW, created_at=NOW)
    statement = await models.Statement.first() or await models.Statement.create(
        provider="local", day="2026-11-22", state="done", due_at=NOW, created_at=NOW
    )
    api_key = await models.ApiKey.first() or await models.ApiKey.create(
        name="site", key_hash="x", scopes="orders:write", created_at=NOW
    )
    variant, place = await models.Variant.get(product_id=product.id), await models.Place.get()
    ids: dict[str, int] = {
        "product": product.id,
        "variant": variant.id,
        "place": place.id,
        "staff": staff.id,
        "run": run.id,
        "broadcast": news.id,
        "key": api_key.id,
        "statement": statement.id,
    }
    for model in PERSONAL:
        row = model(**{name: words(field, canary) for name, field in text_columns(model).items()})
        for name, field in model._meta.fields_map.items():
            if name.removesuffix("_id") in ids and name.endswith("_id"):
                setattr(row, name, ids[name.removesuffix("_id")])
            elif isinstance(field, fields.DatetimeField):
                setattr(row, name, NOW)
            elif is_number(field) and getattr(row, name, None) is None and not name.endswith(("_id", "_by")):
                setattr(row, name, 1)
        connect(row, canary, ids)
        await row.save(force_create=True)
        ids[table_of(model)] = row.pk
    return ids


def is_number(field: fields.Field[Any]) -> bool:
    numbers = fields.IntField | fields.BigIntField | fields.SmallIntField | fields.FloatField
    return isinstance(field, numbers) and not field.pk


def connect(row: Model, canary: str, ids: dict[str, int]) -> None:
    """Where the words of a column are what rows are found by, and where one is not named for its table."""
    if isinstance(row, models.PersonLink):
        row.asked_id = row.entered_id = ids["identity"]
    if isinstance(row, models.BroadcastCopy):
        row.person = ids["contact"]
    if isinstance(row, models.Identity | models.Conversation | models.OpenCall | models.IdentityAlias):
        row.account = "webchat"
    if isinstance(row, models.IdentityAlias):
        row.external_id = words(models.Identity._meta.fields_map["external_id"], canary)
    if isinstance(row, models.OpenCall):
        row.recipient = words(models.Identity._meta.fields_map["external_id"], canary)
    if isinstance(row, models.Message):
        row.author = "customer"  # only what people wrote is indexed for the search
    if isinstance(row, models.Conversation | models.Inbound | models.Effect):
        row.lane = f"webchat:{words(models.Identity._meta.fields_map['external_id'], canary)}"


async def seen(canary: str) -> dict[str, set[str]]:
    """Every column of every table of the database, our own or not, that holds the canary."""
    found: dict[str, set[str]] = {}
    for table in await tables():
        _, rows = await client().execute_query(f'SELECT * FROM "{table}"')
        for row in rows:
            for name, value in dict(row).items():
                text = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
                if canary in text:
                    found.setdefault(table, set()).add(name)
    return found


async def tables() -> list[str]:
    """Names of all real tables, a search index's own included."""
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
        "postgres": "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
        "mysql": "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database()",
    }[dialect()]
    _, rows = await client().execute_query(sql)
    return [row["name"] for row in rows]


def test_every_table_is_about_a_person_or_not() -> None:
    assert {model.__name__ for model in PERSONAL} | OTHER == set(models.__all__)
    assert not {model.__name__ for model in PERSONAL} & OTHER


async def test_an_export_is_all_of_one_person_and_nothing_of_another(any_shop: Shop) -> None:
    ann, _ = await plant(any_shop, ANN), await plant(any_shop, BOB)
    data = await privacy.export(ann["contact"])
    for model in PERSONAL:
        (row,) = data[table_of(model)]
        for name in text_columns(model):
            if name in SECRET.get(table_of(model), ()):
                assert name not in row
            elif (table_of(model), name) not in NOT_PLANTED:
                assert ANN in str(row[name]), f"{table_of(model)}.{name} is missing from the export"
    text = json.dumps(data, ensure_ascii=False)
    assert BOB not in text
    assert data["files"] == [ANN * 12]


async def test_an_erasure_leaves_nothing_but_the_legal_records(any_shop: Shop) -> None:
    ann, _ = await plant(any_shop, ANN), await plant(any_shop, BOB)
    while await search.index_some():
        pass
    of_bob = await seen(BOB)
    assert of_bob.keys() >= {table_of(model) for model in PERSONAL if text_columns(model)}
    async with transaction():
        keys = (await privacy.erase(ann["contact"], NOW)).keys
    await search.forget()
    assert keys == [ANN * 12]
    assert await seen(ANN) == LEGAL
    assert {table: found for table, found in (await seen(BOB)).items() if table in of_bob} == of_bob


async def test_what_is_kept_still_has_its_figures(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope, quantity=2)
    payment = (await shop.pays(scope, order)).payment
    shop.later(days=1)
    async with transaction():
        await refunds.ask(await models.Payment.get(), order.total, Wish(1, "she is moving away"), shop.now)
        assert (await privacy.erase(scope.contact_id, shop.now)).keys == []
    kept = await models.Order.get(id=order.id)
    assert (kept.total, kept.paid_at, kept.conversation_id, kept.updated_at) == (
        order.total.amount, NOW, None, shop.now,
    )  # fmt: skip
    assert await models.OrderLine.filter(order_id=order.id).count() == 1
    # Money that is owed is still given back.
    asked = await models.Refund.get(payment__key=payment.key)
    assert (asked.state, asked.reason) == ("asked", "")
    assert await models.Effect.filter(key=asked.key, state="pending").count() == 1


async def test_a_file_that_arrives_after_the_erasure_is_not_kept(shop: Shop) -> None:
    scope = await shop.customer()
    pending = await attachments.create(
        FileRef("image", "tg-1"), NOW, conversation_id=scope.conversation_id, contact_id=scope.contact_id
    )
    await privacy.erase(scope.contact_id, NOW)
    arrived = StoredFile("image/2026/11/abc.jpg", 3, "00", "image/jpeg")
    assert await attachments.stored(pending.id, arrived, "image", "image/jpeg") is None
    assert await attachments.failed(pending.id, "gone") is None


@pytest.mark.parametrize("times", [1, 2])
async def test_erasing_nobody_or_twice_is_fine(shop: Shop, times: int) -> None:
    scope = await shop.customer()
    for _ in range(times):
        await privacy.erase(scope.contact_id, NOW)
    assert (await privacy.erase(12345, NOW)).keys == []
    assert (await privacy.export(12345))["contact"] == []


async def test_an_erasure_reads_no_table_that_grows(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    await shop.pays(scope, await shop.buys(scope))
    asked: list[str] = []
    raw = client()._connection
    await raw.set_trace_callback(asked.append)
    async with transaction():
        await privacy.erase(scope.contact_id, NOW)
    await raw.set_trace_callback(None)
    small = ("SCAN product", "SCAN report_", "SCAN main.message_search_config")  # few products, subscriptions, settings
    scans: list[str] = []
    for statement in asked:
        if statement.startswith(("SELECT", "DELETE", "UPDATE")):
            _, plan = await client().execute_query(f"EXPLAIN QUERY PLAN {statement}")
            details = [str(row["detail"]) for row in plan]
            scans += [f"{one}: {statement}" for one in details if one.startswith("SCAN") and not one.startswith(small)]
    assert scans == []
    assert any('DELETE FROM "inbound"' in statement for statement in asked)


async def test_the_keys_of_settled_messages_go_with_their_visitor_and_nobody_elses(any_shop: Shop) -> None:
    ann, bob = await any_shop.customer("Ann"), await any_shop.customer("Bob")
    known = {scope.contact_id: await Identity.get(contact_id=scope.contact_id) for scope in (ann, bob)}
    keys = [f"{known[scope.contact_id].external_id}:{message}" for scope in (ann, bob) for message in ("m1", "m2")]
    for key in keys:
        await Inbound.create(
            account="webchat", key=key, lane="", kind="message", payload="", state="done", received_at=NOW
        )
    await privacy.erase(ann.contact_id, NOW)
    assert [row.key for row in await Inbound.all().order_by("id")] == keys[2:]
