"""Far more than can be worked off: what is too much is told so, what is acknowledged is done, memory stays bounded."""

from __future__ import annotations

import asyncio

from tests.faults import oracle
from tests.faults.crowd import NEVER, Crowd
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import Visitor
from tests.kit.telegram_server import TelegramServer

BACKLOG = 1_000
MOST_GROWTH = 128.0  # MB above the process that has just started


async def run(trial: Trial) -> Findings:
    """A stored flood at full speed against handlers that need their time, and one live visitor beside it."""
    limits = {"limits": {"messages_per_10s": 1_000_000, "backlog": BACKLOG}}
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant, settings=limits)
        nap = f"/nap {trial.count('sleep_ms')} m{{}}"
        people = trial.count("people")
        async with shop, Crowd(server, shop.hook, people, trial.chance, words=nap.format) as crowd:
            await shop.start()
            idle, most = shop.megabytes(), [0.0]
            watching = asyncio.create_task(_watch(shop, most))
            live = asyncio.create_task(_live(shop))
            # In rounds: whoever is refused least would else have most to be answered, one second after the other.
            for _ in range(trial.count("rounds")):
                await crowd.writes(people)
            await crowd.is_answered(30.0 if trial.variant == WHOLE else 5.0)
            watching.cancel()
            live.cancel()
            said = await asyncio.gather(live, return_exceptions=True)
            await shop.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong() + _told(crowd)
            growth = round(max(most) - idle, 1)
            if growth > MOST_GROWTH:
                wrong.append(f"memory grew by {growth} MB")
            if isinstance(said[0], Exception):
                wrong.append(f"the live visitor: {said[0]}")
            figures = {"refused_503": crowd.answers[503], "growth_mb": growth, "ack_p99_ms": crowd.p99()}
            return Findings(found.figures() | figures, tuple(wrong))


def _told(crowd: Crowd) -> list[str]:
    """Whoever is refused must hear when to come again."""
    refused = crowd.answers[503] + crowd.answers[429]
    wrong = [] if refused else ["nothing was refused: this was no overload"]
    if silent := refused - crowd.told_to_wait:
        wrong.append(f"{silent} refusals without Retry-After")
    if crowd.answers[NEVER]:
        wrong.append(f"{crowd.answers[NEVER]} connections broke")
    return wrong + crowd.surprised()


async def _watch(shop: Shop, most: list[float]) -> None:
    while True:
        most.append(shop.megabytes())
        await asyncio.sleep(0.25)


async def _live(shop: Shop) -> None:
    """Ends only by an error: a message that was acknowledged and not answered."""
    async with Visitor(shop.url) as visitor:
        await visitor.opens()
        number = 0
        while True:
            if await visitor.says(f"live {number}", patience=60.0):
                await visitor.hears(f"echo live {number}", patience=60.0)
                number += 1
            await asyncio.sleep(0.2)


PART = Part(
    number=7,
    name="overload",
    promise="Above the limit the answer is 503 with Retry-After, never a 200 that is dropped; memory is bounded",
    passes=f"0 lost; every refusal with Retry-After; at most {MOST_GROWTH:.0f} MB above the start",
    run=run,
    full={"rounds": 33, "people": 3_000, "sleep_ms": 1_000},
    quick={"rounds": 3, "people": 3_000, "sleep_ms": 1_000},
    small={"rounds": 2},
    armed={"drops-when-full": {}},
)
