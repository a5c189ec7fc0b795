"""One of two nodes is killed, or put to sleep and woken, under load: the other goes on, and the sleeper is too late."""

from __future__ import annotations

import asyncio

from bot.runtime.effect_turns import CONCURRENCY
from tests.faults import oracle
from tests.faults.crowd import percentile
from tests.faults.nodes import Awake, Balanced, Freezing, fair, shops
from tests.faults.part import Findings, Part, Trial
from tests.kit.telegram_server import TelegramServer
from tests.kit.wire_faults import Fault, Faults, Late

#: How long the platform takes for each answer in the second before a death, so that messages wait behind others.
SLOW = 1.5


class Slowly(Faults):
    """A platform that is slow for a while."""

    is_slow = False

    def take(self, method: str) -> Fault | None:
        return Late(SLOW) if self.is_slow and method.lower() == "sendmessage" else super().take(method)


async def run(trial: Trial) -> Findings:
    """People write all the time, to whichever node answers."""
    took: list[float] = []
    async with TelegramServer() as server:
        server.faults = slowly = Slowly()
        variant = trial.variant
        nodes = shops(trial.folder, trial.url, server, 2, variant=variant)
        words = f"/nap {trial.count('nap')} m{{}}".format
        async with (
            nodes[0],
            nodes[1],
            Balanced(server, nodes, trial.count("people"), trial.chance, twice=0.2, words=words) as crowd,
        ):
            for node in nodes:
                await node.start()
            await fair(nodes)
            async with crowd.writing(trial.counts["rate"]):
                for number in range(trial.count("deaths")):
                    await crowd.is_served(trial.chance.randrange(50, 150))
                    slowly.is_slow = True
                    await asyncio.sleep(1.2)
                    dies, goes_on = trial.chance.sample(nodes, 2)
                    by_signal = number % 2 == 1 and trial.counts["kills"] > 0
                    took.append(await _death(trial, crowd, dies, goes_on, slowly, kills=by_signal))
                    await fair(nodes)
            await crowd.is_answered(20.0)
            for node in nodes:
                await node.stop()
        found = await oracle.compare(trial.url, crowd.told, crowd.shown())
        wrong = found.wrong(repeated_at_most=len(took) * CONCURRENCY)
        if (p99 := percentile(took, 0.99)) > trial.counts["goes_on_ms"]:
            wrong.append(f"the other node went on only after {p99:.0f} ms")
        wrong += crowd.surprised()
        return Findings({"deaths": len(took)} | found.figures() | {"goes_on_p99_ms": p99}, tuple(wrong))


async def _death(
    trial: Trial, crowd: Balanced, dies: Freezing, goes_on: Freezing, slowly: Slowly, *, kills: bool
) -> float:
    """Seconds from the death until all that was acknowledged before it is answered; then the dead one comes back."""
    clock, patience = Awake(), trial.counts["patience"]
    if kills:
        await dies.kill()
    else:
        dies.freezes()
    slowly.is_slow = False
    before = {person: list(texts) for person, texts in crowd.told.items()}
    while (await goes_on.readiness()).get("shards") != 64 and clock.seconds < patience:
        await clock.tick()
    while _missing(crowd, before) and clock.seconds < patience:
        await clock.tick()
    await asyncio.sleep(0.5)  # the other one writes to the lanes before the sleeper wakes up
    if kills:
        await dies.start()
    else:
        dies.wakes()
    return clock.seconds


def _missing(crowd: Balanced, told: dict[int, list[str]]) -> int:
    seen = crowd.shown()
    return sum(len(set(texts) - set(seen[person])) for person, texts in told.items())


PART = Part(
    number=16,
    name="death",
    promise="A node of two is killed, or sleeps and wakes, under load: the other goes on, the sleeper commits nothing",
    passes="0 lost, 0 doubled, 0 reordered; the other has answered everything ≤ 15 s after the death, p99",
    run=run,
    full={"deaths": 50, "people": 200, "rate": 80, "nap": 200, "kills": 1, "goes_on_ms": 15_000, "patience": 60},
    quick={"deaths": 4, "people": 200, "rate": 80, "nap": 200, "kills": 1, "goes_on_ms": 15_000, "patience": 60},
    small={"deaths": 2, "kills": 0, "patience": 20},
    armed={"no-fence": {}, "no-deadline": {}},
    databases=("postgres",),
    at_length=("mariadb",),
    notes="Shown twice (`repeated`) are messages that were leaving when the node died, as with `kill`.",
)
