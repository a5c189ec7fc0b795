"""A process that dies between any two steps of bringing an order to a connected shop, or of taking it back there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.faults import oracle
from tests.faults.broken_money import CANCELS, PUSHES
from tests.faults.nodes import Awake
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.parts.points import dies, in_any_order
from tests.faults.parts.takeover import PASSWORD
from tests.faults.parts.trade import TROUBLES, ended, trading, troubles
from tests.faults.trade import PRICE, Trade
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer

PIECES, PRODUCTS = 1000, 4
SKUS = tuple(f"SKU-{number}" for number in range(1, PRODUCTS + 1))
#: Instead of the minutes after which a shop is asked what became of a call, seconds.
SOON = "asks-soon@1"
#: A shop is read, and has everything, within this, seconds.
LONGEST = 120.0
#: What a broken variant is shown: the points at which the shop has what nobody here knows of.
SHOWN = {"pushes-blindly": {"after-push", "before-sent"}}
SYNCED = "SELECT v.sku FROM variant v JOIN stock s ON s.variant_id = v.id WHERE s.pieces > 0"
WAITING = (
    "SELECT order_id FROM store_order WHERE state IN ('due', 'pay', 'ending') "
    "UNION ALL SELECT id FROM store_hint WHERE done_at IS NULL"
)
HERE = 'SELECT o.number, o.state, s.state AS there FROM "order" o LEFT JOIN store_order s ON s.order_id = o.id'
SHELF = "SELECT v.sku, s.pieces FROM stock s JOIN variant v ON v.id = s.variant_id"


class Site(WooCommerceServer):
    """With a clock of its own, which goes as ours does."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC), currency="CNY")
        for number in range(1, PRODUCTS + 1):
            self.sells(number, price=f"{PRICE / 100:.2f}", stock_quantity=PIECES)

    @property
    def now(self) -> datetime:  # type: ignore[override]
        """This moment."""
        return datetime.now(UTC)

    @now.setter
    def now(self, _: datetime) -> None: ...

    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """How it is connected."""
        told = {"url": self.base, "consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK_SECRET}
        return {"stores.woocommerce": {**told, "every": 5, "timeout": 2}}

    def numbers(self, *states: str) -> Counter[str]:
        """How often it has our orders in these states, by our number."""
        found = [order for order in self.orders if order["status"] in states]
        return Counter(one["value"] for order in found for one in order["meta_data"] if one["key"] == "_parley_order")


async def run(trial: Trial) -> Findings:
    """First people buy, one process after the other, and then a manager gives back what some of them paid."""
    shown = SHOWN.get(trial.variant, {*PUSHES, *CANCELS})
    pushes, cancels = (in_any_order(trial, [one for one in points if one in shown]) for points in (PUSHES, CANCELS))
    each = trial.count("people")
    async with Site() as site, trading(trial, 1, each * (len(pushes) + 1), site.settings()) as trade:
        [shop] = trade.shops
        await shop.does("staff", "add", "ann", "--role", "manager", "--stdin", tells=f"{PASSWORD}\n")
        shop.variant = SOON
        await shop.start()
        await trade.desk.logs_in()
        await _until(trial, SYNCED, len(SKUS))
        await shop.stop()
        waiting, missed = list(trade.crowd.people), Counter[str]()
        async with asyncio.TaskGroup() as buying:
            bought = []
            for point in [*pushes, ""]:
                mine, waiting = waiting[:each], waiting[each:]
                site.faults.instead("order", *troubles(trial))
                bought.append(buying.create_task(trade.all_buy(mine, *SKUS)))
                await _lives(trial, trade, point, missed)
        await _until(trial, WAITING, 0)
        await shop.stop()
        paid = [row["number"] for row in await oracle.rows(trial.url, HERE) if row["state"] == "paid"]
        async with asyncio.TaskGroup() as giving:
            for point in [*cancels, ""]:
                back, paid = paid[:each], paid[each:]
                site.faults.instead("change", *troubles(trial))
                for number in back:
                    giving.create_task(trade.desk.steps(number, "refund"))
                await _lives(trial, trade, point, missed)
        await _until(trial, WAITING, 0)
        kills = len(pushes) + len(cancels)
        found = await ended(trial, trade, sum(task.result() for task in bought), kills)
    figures, wrong = await _compare(trial.url, site)
    lost = [f"nobody came to {point}" for point, many in missed.items() if many]
    return Findings({"kills": kills} | figures | dict(found.figures), (*found.wrong, *wrong, *lost))


async def _lives(trial: Trial, trade: Trade, point: str, missed: Counter[str]) -> None:
    """One process, until it dies at its point; the one without any goes on."""
    [shop] = trade.shops
    words = [SOON] if trial.variant == WHOLE else [SOON, trial.variant]
    if not point:
        shop.variant = "+".join(words)
        await shop.start()
        return
    # What a call does whose answer was lost is looked up, and not called again: so many of them never come back.
    comes_back = trial.count("people") - TROUBLES
    shop.variant = "+".join([*words, f"dies-of-money@{point}@{trial.chance.randint(1, comes_back)}"])
    missed[point] += not await dies(shop)


async def _until(trial: Trial, sql: str, many: int) -> None:
    """So many rows; what never comes is told by what is compared in the end."""
    clock = Awake()
    while len(await oracle.rows(trial.url, sql, lock=False)) != many and clock.seconds < LONGEST:
        await asyncio.sleep(0.2)
        await clock.tick()


async def _compare(url: str, site: Site) -> tuple[dict[str, Any], list[str]]:
    """Our orders and pieces with the shop's."""
    rows = await oracle.rows(url, HERE)
    there, ended_there = site.numbers("processing"), site.numbers("cancelled")
    every, odd = there + ended_there, Counter[str]()
    for row in rows:
        odd["orders that the shop has twice"] += every[row["number"]] > 1
        odd["paid orders that the shop has not"] += row["state"] == "paid" and not there[row["number"]]
        odd["refunded orders that the shop would send"] += row["state"] == "refunded" and bool(there[row["number"]])
        odd["orders that nobody knows to be in the shop"] += row["there"] not in ("sent", "ended")
    shelf = {row["sku"]: int(row["pieces"]) for row in await oracle.rows(url, SHELF)}
    for product in site.products.values():
        odd["products of which the shop has other pieces"] += product["stock_quantity"] != shelf.get(product["sku"])
    left = sum(product["stock_quantity"] for product in site.products.values())
    odd["pieces that were counted twice or never"] += abs(PIECES * PRODUCTS - left - there.total())
    figures = {"brought": there.total() + ended_there.total(), "taken_back": ended_there.total()}
    return figures, [f"{many} {what}" for what, many in odd.items() if many]


PART = Part(
    number=12,
    name="shop-points",
    promise="kill -9 between any two steps of bringing an order to a connected shop, or back; answers get lost",
    passes="each paid order is there once, each refunded one is cancelled; both count the same pieces",
    run=run,
    full={"each": 5, "people": 4},
    quick={"each": 0.5, "people": 3},
    small={"each": 1},
    armed={"pushes-blindly": {}},
    databases=("sqlite", "postgres"),
    notes="A quick run has half of the points, others with each seed. What became of a call to the shop is asked "
    "here after a second; elsewhere it is five minutes.",
)
