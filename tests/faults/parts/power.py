"""Power cuts: what was acknowledged is there, whatever the disk makes of all that it need not have written yet."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.runtime.effect_turns import CONCURRENCY
from models.engines.sqlite import sqlite_path
from tests.faults import leftovers, oracle, trace
from tests.faults.crowd import Crowd
from tests.faults.disk import Disk, Luck
from tests.faults.kept_files import Papers, settled
from tests.faults.leftovers import Said
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Died, Shop
from tests.faults.trace import Step
from tests.kit.telegram_server import TelegramServer

Json = dict[str, Any]
#: Below the folder of the trial's: in one that the process makes itself.
DATABASE = Path("made") / "parley.db"
#: Of the log's index, after a cut.
RUBBISH = 32_768


class Listener(Crowd):
    """Notes when it has heard each acknowledgement, seconds of the epoch: the clock of the recording."""

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__(*values, **named)
        self.said: dict[str, Said] = {}
        self.heard: dict[str, float] = {}

    async def delivers(self, told: Json) -> None:
        key, message = str(told["update_id"]), told["message"]
        self.said[key] = Said(message["from"]["id"], message.get("text") or message["caption"])
        await super().delivers(told)
        self.heard.setdefault(key, time.time())

    def told_before(self, moment: float) -> set[str]:
        """The keys of what was acknowledged by then."""
        return {key for key, heard in self.heard.items() if heard < moment}


@dataclass
class Tally:
    """What all cuts together have shown."""

    lives: int = 0
    cuts: int = 0
    told: int = 0
    unsynced: int = 0  # bytes that a cut took, at most
    checkpoints: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)  # cuts with such a fault

    def add(self, found: Mapping[str, int], told: int, unsynced: int) -> None:
        """A cut, before which so many messages were acknowledged, and which takes at most so many bytes."""
        self.cuts += 1
        self.told += told
        self.unsynced = max(self.unsynced, unsynced)
        self.faults.update(found)
        self.met.update({what: 1 for what, number in found.items() if number})

    def figures(self) -> dict[str, int]:
        """For the result; `told_before_cuts` counts a message at each cut that came after it."""
        found = {what.replace(" ", "_"): number for what, number in self.faults.items()}
        return found | {
            "lives": self.lives,
            "cuts": self.cuts,
            "told_before_cuts": self.told,
            "checkpoints": self.checkpoints,
            "most_unsynced_kb": self.unsynced // 1024,
        }

    def wrong(self) -> list[str]:
        """What broke the promise."""
        return [f"{self.faults[what]} {what} in {cuts} of {self.cuts} cuts" for what, cuts in self.met.items()]


class Cuts:
    """Takes the power away from one process after the other, in truth at its end and in thought at any moment."""

    def __init__(self, trial: Trial, shop: Shop, crowd: Listener) -> None:
        self.tally = Tally()
        self._trial, self._shop, self._crowd = trial, shop, crowd
        self._roots = (sqlite_path(trial.url).parent, trial.folder / "data")

    async def life(self) -> None:
        """A process on what the one before has left; then what it leaves itself. Raises `Died`."""
        before, file = leftovers.taken(self._roots), self._trial.folder / "trace"
        file.unlink(missing_ok=True)
        self._shop.watcher = trace.words(file)
        await self._shop.start()
        await asyncio.sleep(self._trial.chance.uniform(0.3, self._trial.counts["longest"]))
        await self._shop.kill()
        steps = await self._steps(file)
        disk = Disk(before)
        await self._in_thought(disk, steps)
        chance = self._trial.chance
        left = disk.loses_power(chance.choice([*Luck]), chance)
        leftovers.put(left, {root: root for root in self._roots}, chance.randbytes(RUBBISH))

    async def _steps(self, file: Path) -> list[Step]:
        assert self._shop.process is not None
        async with asyncio.timeout(30.0):
            while not trace.has_ended(file, self._shop.process.pid):
                await asyncio.sleep(0.05)
        with file.open(encoding="ascii") as lines:
            return [*trace.read(lines, [str(root) for root in self._roots])]

    async def _in_thought(self, disk: Disk, steps: list[Step]) -> None:
        """Afterwards the disk has gone through all of it."""
        done = 0
        for at in sorted(self._moments(steps)):
            for step in steps[done:at]:
                step.act(disk)
            done = at
            await self._cut(disk, steps[at].at)
        for step in steps[done:]:
            step.act(disk)
        self.tally.lives += 1
        self.tally.checkpoints += sum(step.kind == "fdatasync" and step.path.endswith(".db") for step in steps)

    def _moments(self, steps: list[Step]) -> list[int]:
        """Anywhere, just before something is safe, and while the log goes over into the database: of each a third."""
        kinds = (
            [*range(len(steps))],
            [at for at, step in enumerate(steps) if step.kind in ("fsync", "fdatasync")],
            [at for at, step in enumerate(steps) if step.path.endswith(".db")],
        )
        number = self._trial.count("cuts")
        return [self._trial.chance.choice(kinds[one % len(kinds)] or kinds[0]) for one in range(number)]

    async def _cut(self, disk: Disk, moment: float) -> None:
        """Just before a step of that moment."""
        chance, scratch = self._trial.chance, self._trial.folder / "cut"
        database, data = self._roots
        left = disk.loses_power(chance.choice([*Luck]), chance)
        places = {database: scratch / "database", data: scratch / "data"}
        await asyncio.to_thread(leftovers.put, left, places, chance.randbytes(RUBBISH))
        told, url = self._crowd.told_before(moment), f"sqlite://{scratch / 'database' / DATABASE}"
        found = await leftovers.faults(url, scratch / "data" / "files", told, self._crowd.said)
        self.tally.add(found, len(told), disk.unsynced())


async def run(trial: Trial) -> Findings:
    """People write all the time, some of it files; at last a whole process ends what is left, and all is compared."""
    async with TelegramServer() as server:
        papers = Papers(server, 5)
        url = f"sqlite://{sqlite_path(trial.url).parent / DATABASE}"
        settings = f"{url}?wal_autocheckpoint={trial.count('pages')}"
        shop = Shop(trial.folder, settings, (server.token, server.base), variant=trial.variant)
        (trial.folder / "data").mkdir()  # an installation's, and long on its disk
        crowd = Listener(server, shop.hook, trial.count("people"), trial.chance, twice=0.2, attach=papers.attach)
        async with shop, crowd:
            cuts = Cuts(trial, shop, crowd)
            try:
                async with crowd.writing(trial.counts["rate"]):
                    await _lives(trial, cuts)
                    shop.watcher = ()
                    await shop.start()
                whole = await _compared(trial, url, shop, crowd, papers)
            except _Enough as error:
                whole = Findings({}, error.args)
            return Findings({**cuts.tally.figures(), **whole.figures}, (*cuts.tally.wrong(), *whole.wrong))


class _Enough(Exception):
    """What is wrong beside the tally, when there is nothing to go on with."""


async def _lives(trial: Trial, cuts: Cuts) -> None:
    for _ in range(trial.count("lives")):
        try:
            await cuts.life()
        except Died as error:
            raise _Enough(f"a process does not start on what a cut has left: {str(error).splitlines()[-1]}") from error
        if trial.variant != WHOLE and cuts.tally.wrong():
            raise _Enough  # the broken one is caught


async def _compared(trial: Trial, url: str, shop: Shop, crowd: Crowd, papers: Papers) -> Findings:
    patience = 30.0 if trial.variant == WHOLE else 3.0
    await crowd.is_answered(patience)
    await settled(url, patience)
    await shop.stop()
    found = await oracle.compare(url, crowd.told, crowd.shown())
    files = trial.folder / "data" / "files"
    odd, counts = await papers.compare(url, lambda key: leftovers.content(files, key))
    wrong = found.wrong(repeated_at_most=trial.count("lives") * CONCURRENCY) + odd + crowd.surprised()
    return Findings(found.figures() | counts, tuple(wrong))


PART = Part(
    number=3,
    name="power",
    promise="A power cut: what was acknowledged is there, whatever became of what was written and not synced",
    passes="0 lost, 0 doubled, 0 done by half; a sound file; no row points at nothing; with NORMAL messages are lost",
    run=run,
    full={"lives": 20, "cuts": 15, "people": 200, "rate": 100, "longest": 3.0, "pages": 200},
    quick={"lives": 3, "cuts": 10, "people": 200, "rate": 100, "longest": 3.0, "pages": 200},
    small={"lives": 8, "cuts": 10},  # until it is caught: on a slow machine a life may end before it has begun
    armed={
        "syncs-at-checkpoints": {"cuts": 30},
        "never-syncs": {},
        "never-syncs-files": {"cuts": 15},
        "acknowledges-first": {},
    },
    notes="The system calls of the whole process are recorded with strace, which must be there. A cut is a moment of "
    "the recording: the disk has what was synced by then, and of the rest nothing, a beginning, some, or some sectors. "
    "So many `cuts` of each life are looked at as they are found; the next life begins on what the last one has left, "
    "and all that was acknowledged and shown in the end is compared once more. The log goes over into the database "
    "after 200 pages, not 4,000, so that cuts meet that, too. PostgreSQL is not here: it keeps commits by its own "
    "`fsync` and `synchronous_commit`, and a start says when somebody has switched one off.",
)
