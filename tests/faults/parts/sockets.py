"""Visitors whose sockets are cut at random, and a server that dies meanwhile: every transcript equals the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from tests.faults import transcripts
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import BROKEN, Visitor
from tests.kit.telegram_server import TelegramServer


async def run(trial: Trial) -> Findings:
    """Each visitor says its messages one by one, each again under its id until acknowledged, over cut lines."""
    async with TelegramServer() as server, AsyncExitStack() as doors:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        await doors.enter_async_context(shop)
        await shop.start()
        visitors = [await doors.enter_async_context(Visitor(shop.url)) for _ in range(trial.count("visitors"))]
        cuts: Counter[str] = Counter()
        talking = asyncio.gather(*(_talks(trial, number, one, cuts) for number, one in enumerate(visitors)))
        try:
            for _ in range(trial.count("restarts")):
                await asyncio.sleep(trial.chance.uniform(1.0, 3.0))
                await shop.kill()
                await shop.start()
            await talking
        finally:
            talking.cancel()
        await asyncio.gather(*(_looks(trial, number, one, cuts) for number, one in enumerate(visitors)))
        await shop.stop()
        told = {number: [f"{number}/m{at}" for at in range(trial.count("messages"))] for number in range(len(visitors))}
        screens = {number: [visitor] for number, visitor in enumerate(visitors)}
        wrong, found = await transcripts.compare(trial.url, told, screens)
        return Findings(found | {"cuts": sum(cuts.values()), "restarts": trial.count("restarts")}, tuple(wrong))


async def _talks(trial: Trial, number: int, visitor: Visitor, cuts: Counter[str]) -> None:
    await _comes_back(trial, visitor, cuts)
    for message in range(trial.count("messages")):
        told = False
        while not told:
            try:
                told = await visitor.says(f"{number}/m{message}", id=f"c{number}-{message}", patience=10.0)
                if not told:
                    await asyncio.sleep(0.5)
            except BROKEN:
                await _comes_back(trial, visitor, cuts)
        if trial.chance.random() < trial.counts["cut"]:
            cuts["open"] += 1
            await visitor.cut()
            await _comes_back(trial, visitor, cuts)
        await asyncio.sleep(trial.chance.uniform(0.0, 0.4))


async def _comes_back(trial: Trial, visitor: Visitor, cuts: Counter[str]) -> None:
    """Some of the first tries break before any event, as on a train."""
    while True:
        await visitor.cut()
        cut_at = trial.chance.choice(("socket", "hello", "", "")) if visitor.token else ""
        try:
            await visitor.opens(cut_at=cut_at)
        except BROKEN:
            await asyncio.sleep(trial.chance.uniform(0.2, 0.6))
            continue
        if not cut_at:
            return
        cuts[cut_at] += 1


async def _looks(trial: Trial, number: int, visitor: Visitor, cuts: Counter[str]) -> None:
    """Until the last answer came; what does not come is found by the comparison."""
    if not visitor.is_open:  # the server died when there was nothing left to say
        await _comes_back(trial, visitor, cuts)
    try:
        await visitor.hears(f"echo {number}/m{trial.count('messages') - 1}", 30.0 if trial.variant == WHOLE else 3.0)
    except TimeoutError:
        return


PART = Part(
    number=17,
    name="sockets",
    promise="Visitors whose sockets are cut at any moment see every message once, also when the server dies",
    passes="every transcript equals the database: 0 gaps, 0 doubled",
    run=run,
    full={"visitors": 500, "messages": 20, "cut": 0.2, "restarts": 5},
    quick={"visitors": 50, "messages": 10, "cut": 0.2, "restarts": 1},
    small={"visitors": 10, "messages": 10, "restarts": 0},
    armed={"loses-a-push": {"cut": 0.0}, "pushes-twice": {"cut": 0.0}},
    databases=("sqlite", "postgres"),
)
