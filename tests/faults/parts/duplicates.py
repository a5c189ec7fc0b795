"""Each event one to five times over eight connections, shuffled: exactly one row and one answer each."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from tests.faults import oracle
from tests.faults.crowd import Crowd, Json, update
from tests.faults.nodes import Balanced, fair, shops
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.kit.telegram_server import TelegramServer

CONNECTIONS = 8
WINDOW = 100
ROWS = "SELECT key, count(*) AS count FROM inbound WHERE account = 'telegram' GROUP BY key"
MESSAGES = "SELECT author, text, count(*) AS count FROM message GROUP BY author, text"


async def run(trial: Trial) -> Findings:
    """The order of arrival is chance, so only numbers count here."""
    count = 1 if trial.url.startswith("sqlite") else 2
    async with TelegramServer() as server, AsyncExitStack() as ends:
        nodes = shops(trial.folder, trial.url, server, count, variant=trial.variant)
        for node in nodes:
            await ends.enter_async_context(node)
            await node.start()
        if count > 1:
            await fair(nodes)
        async with Balanced(server, nodes, trial.count("people"), trial.chance) as crowd:
            events = [update(trial.chance.choice(crowd.people), f"m{n}") for n in range(trial.count("events"))]
            deliveries = _shuffled(trial, events)
            await _deliver(crowd, deliveries)
            shown = await _shown(crowd, len(events), 20.0 if trial.variant == WHOLE else 2.0)
            for node in nodes:
                await node.stop()
            wrong = _wrong("answers on the screens", {f"m{n}": shown[f"m{n}"] for n in range(len(events))})
            kept = {str(row["key"]).partition("/")[0]: 0 for row in await oracle.rows(trial.url, ROWS)}
            if missing := len(events) - len(kept):
                wrong.append(f"{missing} events have no row")
            for row in await oracle.rows(trial.url, MESSAGES):
                if row["count"] != 1:
                    wrong.append("a message is in a thread more than once")
                    break
            wrong += crowd.surprised()
            figures = {"events": len(events), "deliveries": len(deliveries), "rows": len(kept)}
            return Findings(figures | {"answers": sum(shown.values())}, tuple(wrong))


def _shuffled(trial: Trial, events: list[Json]) -> list[Json]:
    """Each one to five times, in windows of a hundred events without any order."""
    told: list[Json] = []
    for start in range(0, len(events), WINDOW):
        window = [event for event in events[start : start + WINDOW] for _ in range(trial.chance.randint(1, 5))]
        trial.chance.shuffle(window)
        told += window
    return told


async def _deliver(crowd: Crowd, deliveries: list[Json]) -> None:
    left = iter(deliveries)

    async def connection() -> None:
        for told in left:
            await crowd.delivers(told)

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))


async def _shown(crowd: Crowd, events: int, patience: float) -> Counter[str]:
    """What is on the screens, once it has not changed for a while."""
    before = -1
    for _ in range(int(patience / 0.5)):
        found = Counter(text for texts in crowd.shown().values() for text in texts)
        if before == sum(found.values()) and len(found) >= events:
            return found
        before = sum(found.values())
        await asyncio.sleep(0.5)
    return found


def _wrong(what: str, counts: dict[str, int]) -> list[str]:
    missing = sum(count == 0 for count in counts.values())
    doubled = sum(count > 1 for count in counts.values())
    return [f"{count} {name} {what}" for count, name in ((missing, "missing"), (doubled, "doubled")) if count]


PART = Part(
    number=5,
    name="duplicates",
    promise="An event that arrives one to five times, in any order, is kept once and answered once",
    passes="exactly one row and one answer each",
    run=run,
    full={"events": 10_000, "people": 200},
    quick={"events": 1_000, "people": 200},
    small={"events": 200},
    armed={"no-unique-key": {}, "looks-then-writes": {}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
    notes="Over eight connections; on PostgreSQL to two nodes in turn.",
)
