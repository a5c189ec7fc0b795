"""Every query of the desk's screens finds its rows by an index: SQLite's own plans of what was really asked."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.money import Money
from bot.core.quiet import NEVER
from bot.services import (
    backoffice,
    catalogue,
    categories,
    conversations,
    ledger,
    linked_chats,
    listing,
    pay_links,
    people,
    products,
    queues,
    report_desk,
    reviews,
    search,
    stock_alerts,
    threads,
    unasked,
    visitors,
)
from bot.services.listing import Wanted
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.scope import Scope
from models.database import client, close_database, migrate, open_database, transaction
from tests.benchmarks.stored import fill_sqlite

ANYBODY = Scope(0, 0, 0, "webchat", "en", datetime(2026, 11, 23, tzinfo=UTC), "CNY")
#: Small by nature: accounts of staff, products, subscriptions, webhooks. What else is scanned grows with the shop.
SMALL = {"s", "staff", "u", "p", "product", "report_subscription", "message_search_mark", "webhook_endpoint"}
#: Partial indexes that hold only what is counted: what needs attention, what is parked.
COUNTED = {
    "ix_conversation_attention_last",
    "ix_conversation_waiting_last",
    "ix_effect_parked",
    "ix_inbound_parked",
} | {
    "ix_inbound_pending"  # and no further than its limit
}
#: A virtual table's "scan" with an index number is its index; a subquery or a list is no table.
FINE = re.compile(
    r"SCAN (\w+) VIRTUAL TABLE INDEX (?!0:$)|SCAN CONSTANT ROW|SCAN \(|SCAN (waiting|newest|counted|each_one|part)$"
)


@pytest.fixture(scope="module")
async def asked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[str]]:
    """Every SELECT that the screens send, with its values in it, and what is cleaned up beside orders."""
    path: Path = tmp_path_factory.mktemp("plans") / "desk.db"
    await open_database(f"sqlite://{path}")
    await migrate()
    await close_database()
    fill_sqlite(path, 300)
    await open_database(f"sqlite://{path}")
    price = [PriceSpec(Money(100, "CNY"))]
    await products.save(ProductSpec("tea", {"en": "Tea"}, [VariantSpec("tea", price)], category="tea"), ANYBODY.now)
    statements: list[str] = []
    raw = client()._connection
    await raw.set_trace_callback(statements.append)
    await _open_every_screen()
    await raw.set_trace_callback(None)
    ours = {text for text in statements if text.lstrip().startswith(("SELECT", "DELETE"))}
    # What the full-text tables ask of their own pages is not ours, and what is asked of nobody reads nothing.
    yield sorted(text for text in ours if "'main'.'" not in text and "WHERE 1=0" not in text)
    await close_database()


async def _open_every_screen() -> None:
    last = await conversations.listed("all", 1, limit=5)
    for chosen in conversations.FILTERS:
        await conversations.listed(chosen, 1)
        await conversations.listed(chosen, 1, last.next)
    await conversations.counts(1)
    await conversations.running(1)
    await conversations.last_from_customer(1)
    await conversations.address(1)
    await threads.newest(1, 50, staff=True)
    await threads.newest(1, 50, staff=False, before=9)
    await threads.later(1, 1, 50, staff=True)
    await threads.since({1: 0, 2: 3}, staff=False)
    await threads.some([(1, 1), (2, 2)])
    await people.person(2)
    await people.listed(100)
    await people.listed(None, [1, 2])
    for state in ("", "paid"):
        first = await backoffice.orders(state)
        await backoffice.orders(state, before=first.next)
    await backoffice.orders(query="AB")
    await backoffice.order(1)
    await backoffice.reviews("accepted")
    await backoffice.reviews("accepted", conversations.cursor(last.items[0].last_at, 9))
    for word in ("parcel", "龙井", "王小明3", "139", "x"):
        await search.conversations(word)
    await search.index_some()
    await queues.pending(10)
    await queues.parked()
    await queues.parked_count()
    await report_desk.runs("sales")
    await report_desk.last_runs(["sales"])
    await report_desk.subscriptions()
    await linked_chats.of(1)
    await ledger.behind(datetime(2026, 11, 23, tzinfo=UTC))
    await visitors.place(visitors.Visit("v1", "x"))
    await pay_links.fates([1, 2], ["http://shop.test/pay/1"])
    await pay_links.fate_of("key-1")
    await pay_links.offers([1, 2])
    for wanted in (Wanted(), Wanted(order="cheap"), Wanted(order="dear"), Wanted(order="new"), Wanted(category="tea")):
        assert (await catalogue.products(ANYBODY, wanted=wanted)).products
    await catalogue.variants(ANYBODY, "tea")
    await reviews.public("en", 1, 10, "tea")
    await reviews.rating("tea")
    await listing.count("CNY")
    await categories.listed()
    await categories.sold(ANYBODY, "", 10)
    await listing.addresses("CNY", 0, 10)
    async with transaction():
        await stock_alerts.take([1], unasked.finding({}, ANYBODY.now, NEVER), ANYBODY.now)


async def test_no_screen_scans_a_table_that_grows(asked: list[str]) -> None:
    assert len(asked) > 40
    scans: list[str] = []
    for query in asked:
        _, plan = await client().execute_query(f"EXPLAIN QUERY PLAN {query}")
        for step in (str(row["detail"]) for row in plan):
            table = re.match(r"SCAN (\w+)", step)
            if table and not FINE.match(step) and table[1] not in SMALL and not _by_its_order(step, query):
                scans.append(f"{step} | {' '.join(query.split())[:160]}")
    assert scans == []


def _by_its_order(step: str, query: str) -> bool:
    """Walking an index, or the ids, in the order that is asked for ends with the page."""
    if "count(*)" in query:
        return any(step.endswith(f"USING INDEX {name}") for name in COUNTED)
    return "LIMIT" in query and ("USING INDEX" in step or "USING COVERING INDEX" in step or "ORDER BY id DESC" in query)


async def test_lists_are_not_sorted_after_the_fact(asked: list[str]) -> None:
    sorted_late = []
    for query in asked:
        if "ORDER BY c.last_at DESC, c.id DESC" not in query:
            continue
        _, plan = await client().execute_query(f"EXPLAIN QUERY PLAN {query}")
        if any("TEMP B-TREE" in str(row["detail"]) for row in plan):
            sorted_late.append(" ".join(query.split())[-200:])
    assert sorted_late == []
