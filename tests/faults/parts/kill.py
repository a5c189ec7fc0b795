"""kill -9 of the real process under load: nothing that was acknowledged is lost, doubled or reordered."""

from __future__ import annotations

import asyncio

from bot.runtime.effect_turns import CONCURRENCY
from tests.faults import oracle
from tests.faults.crowd import Crowd, percentile
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer


async def run(trial: Trial) -> Findings:
    """People write all the time; the process is killed at moments of chance, and comes back."""
    kills, ready = trial.count("kills"), list[float]()
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        async with shop, Crowd(server, shop.hook, trial.count("people"), trial.chance, twice=0.3) as crowd:
            await shop.start()  # it makes the database: what comes back later finds it
            async with crowd.writing(trial.counts["rate"]):
                for _ in range(kills):
                    await crowd.is_served(1)  # on a slow machine nobody may have been heard yet
                    await asyncio.sleep(trial.chance.uniform(0.2, trial.counts["longest"]))
                    await shop.kill()
                    ready.append(await shop.start())
            await crowd.is_answered(30.0 if trial.variant == WHOLE else 3.0)
            await shop.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong(repeated_at_most=kills * CONCURRENCY)  # see the part's notes
            wrong += crowd.surprised()
            if (p99 := percentile(ready, 0.99)) > trial.counts["ready_ms"]:
                wrong.append(f"ready again only after {p99:.0f} ms")
            return Findings({"kills": kills} | found.figures() | {"ready_p99_ms": p99}, tuple(wrong))


PART = Part(
    number=1,
    name="kill",
    promise="kill -9 under load loses, doubles and reorders nothing",
    passes="0 lost, 0 doubled, 0 reordered; a file that is sound; ready again p99 ≤ 3 s",
    run=run,
    full={"kills": 200, "people": 500, "rate": 200, "longest": 5.0, "ready_ms": 3000},
    alone="at length",
    quick={"kills": 12, "people": 500, "rate": 200, "longest": 1.0, "ready_ms": 10_000},
    small={"kills": 3},
    armed={"acknowledges-first": {}, "no-unique-key": {"kills": 1}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
    notes="Shown twice (`repeated`) are messages that were sent when the kill came, and not recorded yet: Telegram has "
    "no key by which a second sending could be told. It is at most one of each conversation that was just answered.",
)
