"""Handlers that always raise, never return, hold a transaction or block the process: only their conversation stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Sequence

from tests.faults import oracle
from tests.faults.crowd import percentile
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import BROKEN, Visitor
from tests.kit.telegram_server import TelegramServer

APOLOGY = "Sorry, something went wrong on our side. A colleague will look at it."
PARKED = "SELECT state, attempts, error FROM inbound WHERE payload LIKE ? ORDER BY id"
ATTENTION = "SELECT count(*) AS count FROM conversation WHERE attention <> '' AND waiting_since IS NOT NULL"


#: What a broken variant is shown: the poison that it should be caught with.
SHOWN = {"never-looks": ("/block",), "holds-for-long": ("/hold",)}
OF_VARIANTS = ("/raise", "/hang")
POISONS = (*OF_VARIANTS, "/hold", "/block", "/spin")


async def run(trial: Trial) -> Findings:
    """Each poison is sent by its own visitors, while others want their answers."""
    limits = {"limits": {"messages_per_10s": 1_000_000, "turn_seconds": 5.0}}
    poisons = POISONS if trial.variant == WHOLE else SHOWN.get(trial.variant, OF_VARIANTS)
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant, settings=limits)
        figures: dict[str, float] = {}
        wrong: list[str] = []
        async with shop:
            await shop.start()
            for poison in poisons:
                await _poisoned(trial, shop, poison, figures, wrong)
            await shop.stop()
            await _parked(trial, poisons, wrong)
        return Findings(figures, tuple(wrong))


async def _poisoned(trial: Trial, shop: Shop, poison: str, figures: dict[str, float], wrong: list[str]) -> None:
    name = poison.removeprefix("/")
    async with Visitor(shop.url) as other:
        victims = [Visitor(shop.url) for _ in range(trial.count("victims"))]
        await other.opens()
        assert await other.says("before")
        await other.hears("echo before")
        took: list[float] = []
        over = asyncio.Event()
        beside = asyncio.create_task(_beside(other, took, trial.counts["seconds"], over))
        began = time.monotonic()
        heard = await asyncio.gather(*(_takes(victim, poison, trial) for victim in victims))
        figures[f"{name}_over_s"] = round(time.monotonic() - began, 1)
        over.set()
        await beside
        figures[f"others_beside_{name}_max_ms"] = percentile(took, 1.0)
        if max(took) > trial.counts["others_s"]:
            wrong.append(f"beside /{name} others waited {max(took):.1f} s")
        if silent := heard.count(False):
            wrong.append(f"{silent} people who met /{name} were not told, or not served afterwards")


async def _beside(visitor: Visitor, took: list[float], seconds: float, over: asyncio.Event) -> None:
    """For so many seconds, and until the last victim was served."""
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends or not over.is_set():
        began = time.monotonic()
        await _quietly(visitor.says(f"beside {number}", patience=30.0))
        await _quietly(visitor.hears(f"echo beside {number}", 30.0))
        took.append(time.monotonic() - began)
        number += 1
        await asyncio.sleep(0.1)


async def _quietly(what: Awaitable[object]) -> None:
    """What does not come is a long wait, which is counted."""
    try:
        await what
    except BROKEN:
        return


async def _takes(victim: Visitor, poison: str, trial: Trial) -> bool:
    """Whether this person hears an apology, and is answered again afterwards."""
    patience = trial.counts["patience_s"]
    async with victim:
        await victim.opens()
        try:
            await victim.says(f"{poison} {trial.count('block_ms')}", patience=patience)
            await victim.hears(APOLOGY, patience)
            await victim.says("and now?", patience=patience)
            await victim.hears("echo and now?", patience)
        except BROKEN:
            return False
    return True


async def _parked(trial: Trial, poisons: Sequence[str], wrong: list[str]) -> None:
    victims = trial.count("victims")
    for poison in poisons:
        found = await oracle.rows(trial.url, PARKED, (f'%"{poison} %',))
        parked = [row for row in found if row["state"] == "parked" and row["attempts"] == 5 and row["error"]]
        if len(parked) != victims:
            wrong.append(f"{len(parked)} of {victims} messages of {poison} are parked after five attempts")
    [attention] = await oracle.rows(trial.url, ATTENTION)
    if attention["count"] < victims * len(poisons):
        wrong.append("staff do not see the conversations")


PART = Part(
    number=11,
    name="poison",
    promise="A handler that raises, never returns, holds its transaction or blocks the process stops only its own talk",
    passes="others are answered within 1 s; parked after 5 attempts with an apology, and staff see it",
    run=run,
    full={"victims": 10, "seconds": 20.0, "block_ms": 30_000, "patience_s": 180.0, "others_s": 1.0},
    alone="always",
    quick={"victims": 3, "seconds": 5.0, "block_ms": 30_000, "patience_s": 60.0, "others_s": 1.0},
    small={"seconds": 4.0, "block_ms": 5_000, "patience_s": 8.0},
    armed={"one-turn-at-a-time": {}, "never-parks": {}, "never-looks": {}, "holds-for-long": {}},
    notes="The time of a turn is 5 s here (`limits.turn_seconds`), and of a step 0.5 s (`limits.block_seconds`). "
    "`/block` sleeps and `/spin` computes for `block_ms`, if nobody stops them. A handler that never returns is parked "
    "after one attempt, one that holds its transaction after three, and both are counted as five. "
    "The kept run had priority over other work (`chrt -r 1`): time without a processor does not count, "
    "so on two cores with a load of 20 others waited up to 5.6 s beside `/spin`, and 1.1 s beside `/block`.",
)
