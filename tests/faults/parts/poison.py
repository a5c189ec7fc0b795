"""Handlers that always raise, never return, hold a transaction or block the process: only their conversation stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from tests.faults import oracle
from tests.faults.crowd import percentile
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import BROKEN, Visitor
from tests.kit.telegram_server import TelegramServer

APOLOGY = "Sorry, something went wrong on our side. A colleague will look at it."
PARKED = "SELECT state, attempts, error FROM inbound WHERE payload LIKE ? ORDER BY id"
ATTENTION = "SELECT count(*) AS count FROM conversation WHERE attention <> '' AND waiting_since IS NOT NULL"


async def run(trial: Trial) -> Findings:
    """Each poison is sent by its own visitors, while others want their answers."""
    limits = {"limits": {"messages_per_10s": 1_000_000, "turn_seconds": 5.0}}
    poisons = ["/raise", "/hang", "/hold", f"/block {trial.count('block_ms')}"]
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant, settings=limits)
        figures: dict[str, float] = {}
        wrong: list[str] = []
        async with shop:
            await shop.start()
            for poison in poisons if trial.variant == WHOLE else poisons[:2]:
                await _poisoned(trial, shop, poison, figures, wrong)
            await shop.stop()
            await _parked(trial, wrong)
        return Findings(figures, tuple(wrong))


async def _poisoned(trial: Trial, shop: Shop, poison: str, figures: dict[str, float], wrong: list[str]) -> None:
    name = poison.split()[0].removeprefix("/")
    async with Visitor(shop.url) as other:
        victims = [Visitor(shop.url) for _ in range(trial.count("victims"))]
        await other.opens()
        assert await other.says("before")
        await other.hears("echo before")
        took: list[float] = []
        beside = asyncio.create_task(_beside(other, took, trial.counts["seconds"]))
        heard = await asyncio.gather(*(_takes(victim, poison, trial) for victim in victims))
        await beside
        figures[f"others_beside_{name}_max_ms"] = percentile(took, 1.0)
        if max(took) > trial.counts["others_s"]:
            wrong.append(f"beside /{name} others waited {max(took):.1f} s")
        if silent := heard.count(False):
            wrong.append(f"{silent} people who met /{name} were not told, or not served afterwards")


async def _beside(visitor: Visitor, took: list[float], seconds: float) -> None:
    ends, number = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
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
    patience = 30.0 if trial.variant == WHOLE else 8.0
    async with victim:
        await victim.opens()
        try:
            await victim.says(poison, patience=patience)
            if not poison.startswith("/block"):
                await victim.hears(APOLOGY, patience)
            await victim.says("and now?", patience=patience)
            await victim.hears("echo and now?", patience)
        except BROKEN:
            return False
    return True


async def _parked(trial: Trial, wrong: list[str]) -> None:
    victims = trial.count("victims")
    for poison in ("/raise", "/hang", "/hold") if trial.variant == WHOLE else ("/raise",):
        found = await oracle.rows(trial.url, PARKED, (f'%"{poison}"%',))
        parked = [row for row in found if row["state"] == "parked" and row["attempts"] == 5 and row["error"]]
        if len(parked) != victims:
            wrong.append(f"{len(parked)} of {victims} messages of {poison} are parked after five attempts")
    [attention] = await oracle.rows(trial.url, ATTENTION)
    if attention["count"] < victims:
        wrong.append("staff do not see the conversations")


PART = Part(
    number=11,
    name="poison",
    promise="A handler that raises, never returns, holds its transaction or blocks the process stops only its own talk",
    passes="others are answered within 1 s; parked after 5 attempts with an apology, and staff see it",
    run=run,
    full={"victims": 10, "seconds": 20.0, "block_ms": 5_000, "others_s": 1.0},
    quick={"victims": 3, "seconds": 8.0, "block_ms": 5_000, "others_s": 1.0},
    small={"seconds": 4.0},
    armed={"one-turn-at-a-time": {}, "never-parks": {}},
    notes="The time of a turn is 5 s here (`limits.turn_seconds`). What a poison that blocks does ends by itself after "
    "`block_ms`.",
)
