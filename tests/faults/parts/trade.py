"""Thousands of orders whose notice, browser, second look, desk and second tap come at once; ten pieces for two hundred
people; and a process that dies between any two steps of the money, at a bank whose answers get lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.faults import oracle
from tests.faults.books import audit
from tests.faults.broken_money import POINTS
from tests.faults.crowd import Crowd
from tests.faults.nodes import Balanced, fair
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.parts.points import dies, in_any_order
from tests.faults.parts.takeover import PASSWORD
from tests.faults.shop import Settings
from tests.faults.trade import Bank, Desk, Trade, is_over, opened, stock
from tests.kit.telegram_server import TelegramServer
from tests.kit.wire_faults import Cut, Fault, Late, Lost, Status

LEFT = "SELECT pieces FROM stock"
#: A shop has many products: whoever wants the same one waits for each other, which is `oversell`.
SKUS = tuple(f"tea{number}" for number in range(40))
#: Calls of one kind that go wrong during the life of one process, at most.
TROUBLES = 2
#: A call meets one trouble after the other, and its waits would grow to half an hour.
SOON = "tries-soon"
TIMEOUT = 2.0  # seconds for a call to the bank, of which some take longer


@asynccontextmanager
async def trading(
    trial: Trial, nodes: int, people: int, settings: Settings | None = None, **shares: float
) -> AsyncIterator[Trade]:
    """Nothing runs yet but the platforms; `settings` are a shop's beside its bank."""
    async with (
        TelegramServer() as telegram,
        Bank() as bank,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=20)) as http,
    ):
        told = {**bank.settings(TIMEOUT), **(settings or {})}
        shops = opened(trial.folder, trial.url, telegram, nodes, variant=trial.variant, settings=told)
        crowd = (
            Crowd(telegram, shops[0].hook, people, trial.chance)
            if nodes == 1
            else Balanced(telegram, shops, people, trial.chance)
        )
        async with crowd:
            try:
                yield Trade(telegram, bank, shops, crowd, Desk(shops, http), http, trial.chance, **shares)
            finally:
                for shop in shops:
                    await shop.kill()


async def race(trial: Trial) -> Findings:
    """On PostgreSQL the orders of one shop are taken by two nodes."""
    orders, nodes = trial.count("orders"), 1 if trial.url.startswith("sqlite") else 2
    shares = {name: trial.counts[name] for name in ("tampered", "cancelled", "refunded")}
    await stock(trial.url, dict.fromkeys(SKUS, orders))
    async with trading(trial, nodes, orders, **shares) as trade:
        await trade.shops[0].does("staff", "add", "ann", "--role", "manager", "--stdin", tells=f"{PASSWORD}\n")
        for shop in trade.shops:
            await shop.start()
        if nodes > 1:
            await fair(trade.shops)  # type: ignore[arg-type]
        await trade.desk.logs_in()
        bought = await trade.all_buy(trade.crowd.people, *SKUS)
        return await ended(trial, trade, bought)


async def oversell(trial: Trial) -> Findings:
    """All at the same moment, again and again with another ten pieces."""
    rounds, people, pieces = trial.count("rounds"), trial.count("people"), trial.count("pieces")
    skus = [f"tea{number}" for number in range(rounds)]
    await stock(trial.url, dict.fromkeys(skus, pieces))
    async with trading(trial, 2, people * rounds) as trade:
        for shop in trade.shops:
            await shop.start()
        await fair(trade.shops)  # type: ignore[arg-type]
        sold = [
            await trade.all_buy(trade.crowd.people[at * people : (at + 1) * people], sku, at_once=people)
            for at, sku in enumerate(skus)
        ]
        found = await ended(trial, trade, sum(sold))
    wrong = [f"{many} of {pieces} pieces were sold" for many in sold if many != pieces]
    left = [int(row["pieces"]) for row in await oracle.rows(trial.url, LEFT)]
    wrong += [f"{many} pieces are left" for many in left if many]
    return Findings({"sold": sum(sold), "asked": people * rounds} | dict(found.figures), (*found.wrong, *wrong))


async def deaths(trial: Trial) -> Findings:
    """One process after the other, each of which dies at its point while people buy; at last a whole one."""
    points = in_any_order(trial, POINTS)
    people = trial.count("people") * (len(points) + 1)
    await stock(trial.url, dict.fromkeys(SKUS, people))
    missed = Counter[str]()
    words = [SOON] if trial.variant == WHOLE else [SOON, trial.variant]
    async with trading(trial, 1, people, refunded=trial.counts["refunded"]) as trade:
        [shop] = trade.shops
        await shop.does("staff", "add", "ann", "--role", "manager", "--stdin", tells=f"{PASSWORD}\n")
        await shop.start()
        await trade.desk.logs_in()
        await shop.stop()
        waiting = list(trade.crowd.people)
        trade.dying = True
        async with asyncio.TaskGroup() as buying:
            bought = []
            for point in points:
                mine, waiting = waiting[: trial.count("people")], waiting[trial.count("people") :]
                trade.bank.faults.instead("create", *troubles(trial))
                trade.bank.faults.instead("session", *troubles(trial))
                trade.bank.faults.instead("refund", *troubles(trial))
                bought.append(buying.create_task(trade.all_buy(mine, *SKUS)))
                mortal = f"dies-of-money@{point}@{trial.chance.randint(1, 3)}"
                shop.variant = "+".join([*words, mortal])
                missed[point] += not await dies(shop)
            trade.dying, shop.variant = False, "+".join(words)
            await shop.start()
            bought.append(buying.create_task(trade.all_buy(waiting, *SKUS)))
        found = await ended(trial, trade, sum(task.result() for task in bought), len(points))
    lost = [f"nobody came to {point}" for point, many in missed.items() if many]
    return Findings({"kills": len(points)} | dict(found.figures), (*found.wrong, *lost))


def troubles(trial: Trial) -> list[Fault]:
    """The work is done, or not, and the answer does not come."""
    kinds: list[Fault] = [Lost(), Cut(), Late(TIMEOUT + 1), Status(503)]
    return trial.chance.sample(kinds, trial.chance.randint(0, TROUBLES))


async def ended(trial: Trial, trade: Trade, bought: int, kills: int = 0) -> Findings:
    """The books of both sides, once nothing is under way any more."""
    await is_over(trial.url)
    for shop in trade.shops:
        await shop.stop()
    figures, wrong = await audit(trial.url, trade.bank, trade.crowd.people, bought, kills)
    return Findings(figures, tuple(wrong))


RACE = Part(
    number=12,
    name="trade",
    promise="Orders whose notice, browser, second look, desk and second tap come at once; 1% pay a wrong sum",
    passes="one order, one capture, one receipt each; no wrong amount pays; the ledger is the bank's, to the cent",
    run=race,
    full={"orders": 10_000, "tampered": 0.01, "cancelled": 0.05, "refunded": 0.05},
    quick={"orders": 200, "tampered": 0.05, "cancelled": 0.1, "refunded": 0.1},
    small={"orders": 60, "tampered": 0.2, "cancelled": 0.0, "refunded": 0.2},
    armed={"believes-notices": {}, "tells-of-each-notice": {}, "believes-refunds": {}},
    databases=("sqlite", "postgres"),
    notes="On PostgreSQL two nodes sell. The bank is outside of the shop, and checks our signatures and its own rules.",
)
OVERSELL = Part(
    number=12,
    name="oversell",
    promise="Two hundred people want ten pieces at the same moment, at two nodes",
    passes="exactly ten are sold, each is paid once, and everybody else is told",
    run=oversell,
    full={"rounds": 20, "people": 200, "pieces": 10},
    quick={"rounds": 1, "people": 200, "pieces": 10},
    small={"rounds": 2},
    armed={"locks-nothing": {}},
    databases=("postgres",),
)
DEATHS = Part(
    number=12,
    name="money-points",
    promise="kill -9 between any two steps of checkout, charge, notice and refund, at a bank whose answers get lost",
    passes="one order, one capture, one refund, one receipt each; what moved is known; the ledger is the bank's",
    run=deaths,
    full={"each": 10, "people": 8, "refunded": 0.5},
    quick={"each": 0.5, "people": 6, "refunded": 0.5},
    small={"each": 0},
    armed={"believes-refunds": {}},
    databases=("sqlite", "postgres"),
    notes="A quick run has half of the points, others with each seed. A call to the bank does its work and its answer "
    "is lost, cut, late or an error: under its own key it is asked again. Receipts that were shown twice (`repeated`) "
    "were leaving when the process died, as with `kill`.",
)
PARTS = (RACE, OVERSELL, DEATHS)
