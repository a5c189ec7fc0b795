"""Runs parts of the programme: the whole process on each database, then each broken variant, which must be caught.

Each run is a trial in a process of its own. What mostly waits runs beside others; a part that is about time or memory
(`alone`) has the machine for itself.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import load_average, machine
from tests.faults.one import one
from tests.faults.part import WHOLE, Counts, Part
from tests.faults.real_servers import RealServers

RESULTS = Path(__file__).parent / "results"
#: Trials at once: a good part of the time of each is waiting.
AT_ONCE = (os.cpu_count() or 1) + 1
Json = dict[str, Any]


#: Trials are forked from a process that has loaded everything.
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["tests.faults.one"])


class Failed(RuntimeError):
    """A trial came to no end, so that it has shown nothing; the message tells why."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One run of one variant on one database."""

    part: Part
    kind: str
    variant: str
    counts: Counts
    seed: int
    alone: bool = False

    def __str__(self) -> str:
        return f"{self.part.name}, {self.kind}, {self.variant}"


def planned(part: Part, *, quick: bool, seed: int, only_armed: bool = False) -> list[Planned]:
    """All trials of a part. A quick run has one of its databases and one of its variants, others with each seed."""
    chance = random.Random(seed)
    counts = part.quick if quick else part.full
    kinds = (chance.choice(part.databases),) if quick else part.databases + part.at_length
    alone = part.alone == "always" or (part.alone == "at length" and not quick)
    whole = [Planned(part, kind, WHOLE, counts, seed, alone) for kind in kinds if not only_armed]
    # Broken variants run beside others even then: they are far from what the part promises.
    variants = [*part.armed]
    if quick and not only_armed and variants:
        variants = [chance.choice(variants)]
    return whole + [Planned(part, part.databases[0], name, part.armed_counts(name), seed) for name in variants]


class Places:
    """`beside` trials have places beside others; once they are over, those that must be alone follow one by one."""

    def __init__(self, beside: int) -> None:
        self._beside = beside
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._quiet = asyncio.Event()
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def one(self, *, alone: bool) -> AsyncIterator[None]:
        """A place for as long as the block lasts."""
        if not self._beside:
            self._quiet.set()
        if alone:
            await self._quiet.wait()
        try:
            async with self._alone if alone else self._gate:
                yield
        finally:
            self._beside -= not alone
            if not self._beside:
                self._quiet.set()


@dataclass
class Programme:
    """The parts of one call, by name with their seeds."""

    parts: Sequence[tuple[Part, int]]
    servers: RealServers
    quick: bool
    only_armed: bool = False

    async def results(self) -> AsyncIterator[tuple[str, Json | None]]:
        """The result of each part as soon as its last trial is over; None where one of them failed."""
        plans = [planned(part, quick=self.quick, seed=seed, only_armed=self.only_armed) for part, seed in self.parts]
        places = Places(sum(not one.alone for trials in plans for one in trials))
        running = [asyncio.create_task(self._part(trials, places)) for trials in plans]
        for done in asyncio.as_completed(running):
            yield await done

    async def _part(self, plans: Sequence[Planned], places: Places) -> tuple[str, Json | None]:
        part, seed = plans[0].part, plans[0].seed
        began: list[tuple[datetime, float]] = []
        told = await asyncio.gather(*(self._trial(one, places, began) for one in plans))
        found = [(plan, result) for plan, result in zip(plans, told, strict=True) if result]
        if len(found) < len(plans):
            return part.name, None
        at, busy = min(began)
        return part.name, {
            "part": part.name, "at": at.isoformat(timespec="seconds"), "machine": machine(),
            "load_average_before": busy, "seed": seed, "quick": self.quick,
            "counts": dict(part.quick if self.quick else part.full),
            "whole": {plan.kind: result for plan, result in found if plan.variant == WHOLE},
            "armed": {plan.variant: result for plan, result in found if plan.variant != WHOLE},
            "seconds": sum(result["seconds"] for _, result in found),
        }  # fmt: skip

    async def _trial(self, plan: Planned, places: Places, began: list[tuple[datetime, float]]) -> Json | None:
        async with places.one(alone=plan.alone):
            began.append((datetime.now(UTC), load_average()))
            started = time.monotonic()
            try:
                found = await self._found(plan)
            except Failed as error:
                print(f"{plan}: FAILED\n{error}", file=sys.stderr, flush=True)
                return None
            seconds = round(time.monotonic() - started)
            print(f"{plan}, {seconds} s: {'; '.join(found['wrong']) or 'held'}", file=sys.stderr, flush=True)
            return found | {"seconds": seconds}

    async def _found(self, plan: Planned) -> Json:
        with tempfile.TemporaryDirectory() as folder:
            url = await _url(plan.kind, self.servers, Path(folder))
            return await in_a_process(plan.part.name, url, plan.variant, dict(plan.counts), plan.seed)


async def in_a_process(*told: Any) -> Json:
    """What `one` returns. Raises `Failed`."""
    heard, says = FORKED.Pipe(duplex=False)
    process = FORKED.Process(target=_tell, args=(says, *told), daemon=True)
    process.start()
    says.close()
    try:
        found: Json | str = await asyncio.to_thread(heard.recv)
    except EOFError:
        found = "its process died"
    await asyncio.to_thread(process.join)
    if isinstance(found, str):
        raise Failed(found)
    return found


def _tell(says: Connection, *told: Any) -> None:
    try:
        says.send(one(*told))
    except Exception:  # the parent says it, and goes on with the others
        says.send(traceback.format_exc())


async def _url(kind: str, servers: RealServers, folder: Path) -> str:
    """Of an empty database; nothing for "tests", which make their own."""
    if kind in ("postgres", "mariadb"):
        return await servers.database(kind)
    return f"sqlite://{folder / 'parley.db'}" if kind == "sqlite" else ""


def held(result: Json) -> bool:
    """Whether the promise held on every database and every broken variant was caught."""
    whole, armed = result["whole"].values(), result["armed"].values()
    return not any(one["wrong"] for one in whole) and all(one["wrong"] for one in armed)


def keep(result: Json, folder: Path = RESULTS) -> Path:
    """The newest result of a part, quick or full, takes the place of the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['part']}-{'quick' if result['quick'] else 'full'}.json"
    file.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return file
