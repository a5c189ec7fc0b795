"""The platform hears 200 at once, however long the handlers take."""

from __future__ import annotations

from tests.faults import oracle
from tests.faults.crowd import Crowd, percentile
from tests.faults.part import Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer

KEPT = "SELECT count(*) AS count FROM inbound WHERE account = 'telegram'"


async def run(trial: Trial) -> Findings:
    """Every message wants a handler that sleeps; none of them is answered while this lasts."""
    sleeping = {"limits": {"messages_per_10s": 1_000_000, "turn_seconds": 60, "backlog": 100_000}}
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant, settings=sleeping)
        words = f"/nap {trial.count('sleep_ms')}"
        people = trial.count("people")
        async with shop, Crowd(server, shop.hook, people, trial.chance, words=lambda _: words) as crowd:
            await shop.start()
            await crowd.writes(int(trial.counts["rate"]), rate=trial.counts["rate"])  # the first second warms up
            crowd.took.clear()
            await crowd.writes(trial.count("requests"), rate=trial.counts["rate"])
            await shop.kill()
            told = sum(map(len, crowd.told.values()))
            [kept] = await oracle.rows(trial.url, KEPT)
            p99 = crowd.p99()
            wrong = [] if p99 <= trial.counts["p99_ms"] else [f"acknowledged after {p99:.0f} ms (99th percentile)"]
            if kept["count"] < told:
                wrong.append(f"{told - kept['count']} acknowledged messages are not kept")
            if refused := sum(crowd.answers.values()) - crowd.answers[200]:
                wrong.append(f"{refused} deliveries were not answered with 200")
            figures = {"acknowledged": told, "kept": kept["count"], "ack_p99_ms": p99}
            return Findings(figures | {"ack_p50_ms": percentile(crowd.took, 0.5)}, tuple(wrong))


PART = Part(
    number=6,
    name="ack",
    promise="A platform hears 200 at once, even if all handlers sleep for 30 s",
    passes="p99 ≤ 250 ms at 300 requests a second, all kept",
    run=run,
    full={"requests": 9_000, "rate": 300, "people": 2_000, "sleep_ms": 30_000, "p99_ms": 250},
    alone="always",
    quick={"requests": 3_000, "rate": 300, "people": 2_000, "sleep_ms": 30_000, "p99_ms": 250},
    small={"requests": 300},
    armed={"acknowledges-late": {}},
)
