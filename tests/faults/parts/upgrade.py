"""Two nodes become a next release one after the other, under load: it migrates while the release before it serves."""

from __future__ import annotations

from tests.faults import oracle
from tests.faults.nodes import Balanced, fair, shops
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.releases import BEFORE, NEXT, NUMBER, before
from tests.faults.shop import ROOT, Ends
from tests.kit.telegram_server import TelegramServer

MIGRATED = "SELECT count(*) AS count FROM schema_version WHERE number = ?"


async def run(trial: Trial) -> Findings:
    """People write all the time: to two old nodes, to an old and a new one, to two new ones."""
    ends = Ends()
    old = trial.folder / "before"
    commit = before(old)
    if not commit:
        return Findings({}, (f"the release before ({BEFORE}) is not in the history here: `git fetch --unshallow`",))
    async with TelegramServer() as server:
        nodes = shops(trial.folder, trial.url, server, 2)
        for node in nodes:
            node.program = old
        async with nodes[0], nodes[1], Balanced(server, nodes, trial.count("people"), trial.chance) as crowd:
            for node in nodes:
                await node.start()
            await fair(nodes)
            async with crowd.writing(trial.counts["rate"]):
                for node in nodes:
                    await crowd.is_served(trial.count("between"))
                    ends.add(await node.stop())
                    node.program = ROOT
                    node.variant = NEXT if trial.variant == WHOLE else trial.variant
                    await node.start()
                    await fair(nodes)
                await crowd.is_served(trial.count("between"))
            await crowd.is_answered(20.0)
            for node in nodes:
                await node.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            [migrated] = await oracle.rows(trial.url, MIGRATED, (NUMBER,))
            slowest = round(crowd.longest * 1000, 1)
            wrong = found.wrong() + ends.wrong() + crowd.surprised()
            if not migrated["count"]:
                wrong.append("the next release migrated nothing")
            if slowest > trial.counts["slowest_ms"]:
                wrong.append(f"a message was acknowledged only after {slowest:.0f} ms")
            figures = {"before": commit, "migrated": migrated["count"]}
            figures |= {"slowest_ack_ms": slowest, "ack_p99_ms": crowd.p99()}
            return Findings(figures | ends.figures() | found.figures(), tuple(wrong))


PART = Part(
    number=4,
    name="upgrade",
    promise="Two nodes become a next release one after the other under load, which migrates while the old one serves",
    passes="0 lost, 0 doubled, 0 reordered, 0 shown twice, each message acknowledged ≤ 5 s, exit code 0",
    run=run,
    full={"people": 500, "rate": 200, "between": 3_000, "slowest_ms": 5_000},
    quick={"people": 200, "rate": 100, "between": 300, "slowest_ms": 5_000},
    armed={"locks-its-tables": {}},
    databases=("postgres",),
    at_length=("mariadb",),
    notes="`before` is the commit of the release before, which runs as it was. The next release is this one with a "
    "migration more: columns in two tables that everybody writes to, and an index that is built meanwhile.",
)
