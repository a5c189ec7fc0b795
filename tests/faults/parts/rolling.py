"""Two nodes are restarted one after the other under load: each hands over what it has, and nobody notices."""

from __future__ import annotations

import time

from tests.faults import oracle
from tests.faults.nodes import Balanced, fair, shops
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Ends
from tests.kit.telegram_server import TelegramServer


async def run(trial: Trial) -> Findings:
    """People write all the time; the nodes take turns to end and to come back."""
    ends, apart = Ends(), list[float]()
    async with TelegramServer() as server:
        nodes = shops(trial.folder, trial.url, server, 2, variant=trial.variant)
        async with nodes[0], nodes[1], Balanced(server, nodes, trial.count("people"), trial.chance) as crowd:
            for node in nodes:
                await node.start()
            await fair(nodes)
            async with crowd.writing(trial.counts["rate"]):
                for number in range(trial.count("restarts")):
                    node = nodes[number % 2]
                    await crowd.is_served(trial.chance.randrange(20, int(trial.counts["rate"])))
                    ends.add(await node.stop())
                    began = time.monotonic()
                    await node.start()
                    await fair(nodes)
                    apart.append(time.monotonic() - began)
            await crowd.is_answered(20.0 if trial.variant == WHOLE else 3.0)
            for node in nodes:
                await node.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong() + ends.wrong() + crowd.surprised()
            figures = {"restarts": len(ends.codes)} | ends.figures()
            return Findings(figures | found.figures() | {"slowest_share_s": round(max(apart), 2)}, tuple(wrong))


PART = Part(
    number=4,
    name="rolling",
    promise="Two nodes are restarted one after the other under load: nothing is lost, and nothing is said twice",
    passes="0 lost, 0 doubled, 0 reordered, 0 shown twice, exit code 0, ended ≤ 10 s",
    run=run,
    full={"restarts": 50, "people": 200, "rate": 100},
    quick={"restarts": 4, "people": 200, "rate": 100},
    small={"restarts": 2},
    armed={"acknowledges-first": {}, "gives-without-rest": {}},
    databases=("postgres",),
)
