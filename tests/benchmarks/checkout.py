"""From the cart to the link to pay, and how many orders become paid in a second, on SQLite and PostgreSQL.

    python -m tests.benchmarks.checkout [--people 100] [--orders 2000]

What a customer waits for is measured through the front door: from "Place the order" until the conversation has nothing
left to do, with a bank that answers at once. An order's whole way (into the cart, placed, a payment begun, opened and
settled, with holds, stock, ledger and audit rows) is taken by several at once without a conversation around it, in one
process, and on PostgreSQL in two, as two nodes of a shop on two cores are. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE
from typing import Any

import uvloop

from bot.core.money import Money
from bot.core.payment import Checkout, PaymentTruth
from bot.services import cart, orders, payments, settlement
from bot.services.contacts import Address
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.scope import Scope
from models import Contact, Conversation, Identity
from models.database import close_database, fetch, migrate, open_database, transaction
from tests.benchmarks.desk_queries import summary
from tests.benchmarks.processes import ROOT
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import Customer, Simulator
from tests.servers import Postgres
from tests.unit.services.shop import stocked

GOAL_MS = 150.0  # p95
GOAL_PAID = 300.0  # a second, on PostgreSQL
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
#: A shop has many products; who wants the same one waits.
SKUS = tuple(f"tea{number}" for number in range(40))
#: Orders under way at the same time in a process.
AT_ONCE = 8
#: Processes that share the database, besides one that has it alone.
BESIDE: dict[str, Sequence[int]] = {"sqlite": (), "postgres": (2,)}
BOOKED = (
    "SELECT (SELECT count(*) FROM \"order\" WHERE state = 'paid') AS paid, "
    "(SELECT count(*) FROM order_event WHERE to_state = 'paid') AS steps, "
    "(SELECT count(*) FROM ledger_entry) AS entries, (SELECT COALESCE(SUM(amount), 0) FROM ledger_entry) AS total"
)


_SHARE = "SELECT id, contact_id, identity_id FROM conversation WHERE id % ? = ? ORDER BY id"


async def fill(pieces: int) -> None:
    """The shelf; the database is open and migrated."""
    for sku in SKUS:
        spec = ProductSpec(sku, {"en": sku, "zh": sku}, [VariantSpec(sku, [PriceSpec(Money(6800, "CNY"))])])
        async with transaction():
            await stocked(spec, {sku: {"main": pieces}}, NOW)


async def waits(url: str, people: int) -> dict[str, float]:
    """Milliseconds from "Place the order" to the link, of one customer after the other."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        async with Simulator(TELEGRAM, Path(folder), url, languages=("en",)) as sim:
            await fill(people)
            for number in range(people):
                ann = await sim.customer(f"Ann {number}")
                await _comes_to_the_end(ann)
                began = time.perf_counter()
                await ann.picks("Place the order")
                times.append(time.perf_counter() - began)
                assert any(button.url for seen in await ann.screen() for button in seen.buttons), "no link to pay"
    return summary(times)


async def _comes_to_the_end(ann: Customer) -> None:
    for said in ("/shop", "Ann Lee", "+86 138 0013 8000", "1 West Lake Road, Hangzhou"):
        await ann.says(said)
        if said == "/shop":
            await ann.picks("Add to cart")
            await ann.picks("Check out")


def paid(url: str, count: int, processes: int) -> float:
    """Orders that became paid in a second, each with everything that is written of it."""
    uvloop.run(_prepare(url, count))
    share = [sys.executable, "-m", __spec__.name, "--buy", url, str(processes)]
    with ExitStack() as running:
        buyers = [
            running.enter_context(subprocess.Popen([*share, str(number)], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True))
            for number in range(processes)
        ]
        for one in buyers:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n", "a process did not come to its orders"
        began = time.perf_counter()
        for one in buyers:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        assert [one.wait() for one in buyers] == [0] * processes
        took = time.perf_counter() - began
    uvloop.run(_is_booked(url, count))
    return round(count / took, 1)


async def _prepare(url: str, count: int) -> None:
    """A shelf, and people who have nothing yet."""
    await open_database(url)
    try:
        await migrate()
        await fill(count)
        for number in range(count):
            await _customer(number)
        if url.startswith("postgres"):
            await fetch("ANALYZE")
    finally:
        await close_database()


async def _is_booked(url: str, count: int) -> None:
    await open_database(url)
    try:
        [booked] = await fetch(BOOKED)
        assert booked == {"paid": count, "steps": count, "entries": 2 * count, "total": 0}, booked
    finally:
        await close_database()


async def buy(url: str, processes: int, mine: int) -> None:
    """One of so many processes: the orders of its share of the people, from the word "go" on."""
    await open_database(url)
    try:
        rows = await fetch(_SHARE, (processes, mine))
        waiting = [Scope(row["id"], row["contact_id"], row["identity_id"], "webchat", "en", NOW, "CNY") for row in rows]
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        async with asyncio.TaskGroup() as buying:
            for _ in range(AT_ONCE):
                buying.create_task(_buys(waiting))
    finally:
        await close_database()


async def _buys(waiting: list[Scope]) -> None:
    while waiting:
        scope = waiting.pop()
        async with transaction():
            await cart.add(scope, SKUS[scope.contact_id % len(SKUS)], 1)
        async with transaction():
            order = await orders.place(scope, Address("Ann Lee", "", "1 West Lake Road"))
            payment = await payments.begin(scope, order.number, "local")
        async with transaction():
            await payments.opened(payment.key, Checkout(f"at-{payment.key}", "https://bank.example/"), NOW)
        async with transaction():
            truth = PaymentTruth(f"at-{payment.key}", "paid", payment.amount)
            await settlement.settle(payment.key, truth, NOW)


async def _customer(number: int) -> None:
    async with transaction():
        contact = await Contact.create(name="Ann", created_at=NOW, updated_at=NOW)
        identity = await Identity.create(
            contact_id=contact.id, account="webchat", external_id=f"v{number}", name="Ann", locale="en", created_at=NOW
        )
        await Conversation.create(
            lane=f"webchat:v{number}", identity_id=identity.id, contact_id=contact.id, account="webchat",
            last_at=NOW, created_at=NOW, updated_at=NOW,
        )  # fmt: skip


def run(people: int, count: int) -> dict[str, Any]:
    """Both engines in turn."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the database runs as another user
        server = Postgres(Path(folder))
        server.start()
        try:
            for kind in ("sqlite", "postgres"):
                waiting, alone, *beside = (
                    f"sqlite://{folder}/{number}.db" if kind == "sqlite" else asyncio.run(server.create_database())
                    for number in range(2 + len(BESIDE[kind]))
                )
                found[kind] = {
                    "milliseconds": uvloop.run(waits(waiting, people)),
                    "paid_per_second": paid(alone, count, 1),
                    "beside": {
                        str(many): paid(url, count, many) for many, url in zip(BESIDE[kind], beside, strict=True)
                    },
                }
        finally:
            server.stop()
    slowest = max(one["milliseconds"]["p95"] for one in found.values())
    fast = max(found["postgres"]["paid_per_second"], *found["postgres"]["beside"].values())
    return {"benchmark": "checkout", "people": people, "orders": count, "goal_p95_ms": GOAL_MS, "p95_ms": slowest} | {
        "goal_paid_per_second": GOAL_PAID, "paid_per_second": fast,
        "reached": slowest <= GOAL_MS and fast >= GOAL_PAID, "databases": found,
    }  # fmt: skip


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--orders", type=int, default=2000)
    parser.add_argument("--buy", nargs=3, metavar=("URL", "PROCESSES", "NUMBER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.buy:
        url, processes, number = given.buy
        uvloop.run(buy(url, int(processes), int(number)))
        return
    print(json.dumps(run(given.people, given.orders), indent=2))


if __name__ == "__main__":
    main()
