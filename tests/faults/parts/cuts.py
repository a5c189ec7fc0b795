"""The connection to PostgreSQL breaks just when a commit is told: what was written is not written a second time."""

from __future__ import annotations

import random

from tests.faults import oracle
from tests.faults.crowd import Crowd
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.parts.points import NOTES, words
from tests.faults.shop import Shop
from tests.kit.tcp_proxy import proxy
from tests.kit.telegram_server import TelegramServer

#: How an answer of PostgreSQL ends when no transaction is open: after a commit, or after a question.
IDLE = b"Z\x00\x00\x00\x05I"
#: An answer to whoever logs in, or asks in vain, is longer or comes first; the server has done its work by then.
AUTHENTICATED = b"R\x00\x00\x00\x08"


class Losing:
    """Loses one such answer in `one_of`; `lost` counts them."""

    def __init__(self, chance: random.Random, one_of: int) -> None:
        self.lost = 0
        self.is_on = False
        self._chance = chance
        self._one_of = one_of

    def __call__(self, data: bytes) -> bool:
        if not self.is_on or not data.endswith(IDLE) or AUTHENTICATED in data or self._chance.randrange(self._one_of):
            return False
        self.lost += 1
        return True


async def run(trial: Trial) -> Findings:
    """People write, every third message is one whose handler writes; each answer may be the one that is lost."""
    head, _, tail = trial.url.rpartition(":")
    port, _, name = tail.partition("/")
    async with TelegramServer() as server, proxy(int(port)) as way:
        way.loses = losing = Losing(trial.chance, trial.count("one_of"))
        shop = Shop(trial.folder, f"{head}:{way.port}/{name}", (server.token, server.base), variant=trial.variant)
        people = Crowd(server, shop.hook, trial.count("people"), trial.chance, words=words)
        async with shop, people as crowd:
            await shop.start()
            losing.is_on = True
            await crowd.writes(trial.count("messages"), rate=trial.counts["rate"])
            await crowd.is_answered(30.0 if trial.variant == WHOLE else 5.0)
            losing.is_on = False
            await crowd.is_answered(30.0 if trial.variant == WHOLE else 5.0)
            await shop.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong(repeated_at_most=0)
            if doubled := sum(row["count"] > 1 for row in await oracle.rows(trial.url, NOTES)):
                wrong.append(f"{doubled} turns wrote twice")
            wrong += crowd.surprised()
            return Findings({"lost_answers": losing.lost} | found.figures(), tuple(wrong))


PART = Part(
    number=2,
    name="cuts",
    promise="The connection to PostgreSQL breaks just when it would tell of a commit, again and again",
    passes="0 lost, 0 doubled, 0 reordered, 0 shown twice",
    run=run,
    full={"messages": 20_000, "people": 100, "rate": 60, "one_of": 50},
    quick={"messages": 1_200, "people": 100, "rate": 60, "one_of": 50},
    small={"messages": 600, "one_of": 25},
    armed={"runs-again": {}},
    databases=("postgres",),
)
