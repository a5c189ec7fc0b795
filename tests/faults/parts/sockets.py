"""Visitors whose sockets are cut at random, and a server that dies meanwhile: every transcript equals the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack

from tests.faults import oracle
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import BROKEN, Visitor
from tests.kit.telegram_server import TelegramServer

SHOWN = (
    "SELECT c.lane, m.seq, m.text FROM message m JOIN conversation c ON c.id = m.conversation_id "
    "WHERE c.lane LIKE 'webchat:%' ORDER BY m.conversation_id, m.seq"
)


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
        await asyncio.gather(*(_looks(trial, number, one) for number, one in enumerate(visitors)))
        await shop.stop()
        wrong, found = _compare(visitors, await oracle.rows(trial.url, SHOWN), trial.count("messages"))
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


async def _looks(trial: Trial, number: int, visitor: Visitor) -> None:
    """Until the last answer came; what does not come is found by the comparison."""
    try:
        await visitor.hears(f"echo {number}/m{trial.count('messages') - 1}", 30.0 if trial.variant == WHOLE else 3.0)
    except TimeoutError:
        return


def _compare(visitors: list[Visitor], rows: list[oracle.Row], messages: int) -> tuple[list[str], dict[str, int]]:
    lanes: dict[str, list[tuple[int, str]]] = {}
    for row in rows:
        lanes.setdefault(row["lane"], []).append((row["seq"], row["text"]))
    threads = {thread[0][1].partition("/")[0]: thread for thread in lanes.values()}
    kept = [Counter(text for _, text in threads.get(str(number), ())) for number in range(len(visitors))]
    wanted = [f"{number}/m{message}" for number in range(len(visitors)) for message in range(messages)]
    found = {text: kept[int(text.partition("/")[0])][text] for text in wanted}
    counts = {
        "transcripts with a gap": sum(
            threads.get(str(number), []) != sorted(set(one.seen)) for number, one in enumerate(visitors)
        ),
        "messages doubled on a screen": sum(len(one.seen) - len(set(one.seen)) for one in visitors),
        "acknowledged messages lost": sum(count == 0 for count in found.values()),
        "messages kept twice": sum(count > 1 for count in found.values()),
    }
    wrong = [f"{count} {what}" for what, count in counts.items() if count]
    return wrong, {"visitors": len(visitors), "messages": sum(len(one.seen) for one in visitors)}


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
