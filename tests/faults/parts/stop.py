"""SIGTERM under load: the process ends within ten seconds, nothing is lost, and nothing is said twice."""

from __future__ import annotations

from tests.faults import oracle
from tests.faults.crowd import Crowd
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import DRAIN_SECONDS, Ends, Shop
from tests.kit.telegram_server import TelegramServer


async def run(trial: Trial) -> Findings:
    """People write all the time; the process is asked to end at moments of chance, and comes back."""
    ends = Ends()
    async with TelegramServer() as server:
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        async with shop, Crowd(server, shop.hook, trial.count("people"), trial.chance) as crowd:
            async with crowd.writing(trial.counts["rate"]):
                for _ in range(trial.count("stops")):
                    await shop.start()
                    await crowd.is_served(trial.chance.randrange(1, int(trial.counts["rate"])))
                    ends.add(await shop.stop(DRAIN_SECONDS + 2.0))
                await shop.start()
            await crowd.is_answered(30.0 if trial.variant == WHOLE else 3.0)
            await shop.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong() + ends.wrong() + crowd.surprised()
            figures = {"stops": len(ends.codes)} | ends.figures()
            return Findings(figures | found.figures(), tuple(wrong))


PART = Part(
    number=4,
    name="stop",
    promise="SIGTERM under load: everything that was acknowledged is done once, now or after the next start",
    passes="0 lost, 0 doubled, 0 shown twice, exit code 0, ended ≤ 10 s",
    run=run,
    full={"stops": 50, "people": 500, "rate": 200},
    quick={"stops": 5, "people": 500, "rate": 200},
    small={"stops": 1, "people": 100},
    armed={"acknowledges-first": {}, "never-drains": {}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
    notes="One node; two nodes are restarted in turn by `rolling`.",
)
