"""The runtime in a world where chance decides every accident: no process and no server, but any step of the program."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.faults.part import Findings, Part, Trial
from tests.simulation.cast import CASTS, NOTICED

#: What is told of what happened in all plays: the name of the figure, and what the plays call it.
TOLD = {
    "crashes": "crash", "stops": "stop", "sleeps": "sleep", "without_database": "away", "duplicates": "duplicate",
    "reordered_steps": "reordered", "refused_sends": "refused", "takeovers": "take over", "inbounds": "inbound",
    "steps": "steps",
}  # fmt: skip


async def one_node(trial: Trial) -> Findings:
    """All seeds of one process."""
    return await _run(trial, 1)


async def two_nodes(trial: Trial) -> Findings:
    """All seeds of two processes on one database."""
    return await _run(trial, 2)


async def _run(trial: Trial, nodes: int) -> Findings:
    kept = trial.folder / "result.json"
    first = int(trial.counts.get("first", 0))
    words = [
        "--seeds",
        f"{first}-{first + trial.count('seeds') - 1}",
        "--nodes",
        str(nodes),
        "--variant",
        trial.variant,
    ]
    processes = str(max(1, (os.cpu_count() or 1) // 2))  # others are at work beside it
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulation", *words, "--processes", processes, "--result", str(kept),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await running.wait()
    return findings(json.loads(kept.read_text("utf-8")), revision())


def findings(told: Mapping[str, Any], revision: str) -> Findings:
    """What a run of the simulation has told."""
    happened = told["happened"]
    figures = {name: happened[what] for name, what in TOLD.items() if what in happened}
    wrong = tuple(f"seed {seed} is red: {problem}" for seed, problem in told["red"])
    return Findings({"seeds": told["played"], "revision": revision} | figures, wrong)


def revision() -> str:
    """The commit that was played."""
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, check=False)
    return told.stdout.decode().strip()


def _armed(nodes: int) -> dict[str, dict[str, float]]:
    noticed = NOTICED[nodes]
    return {name: {"seeds": 200, "first": noticed.get(name, 0)} for name in CASTS[nodes].variants if name != "whole"}


PARTS = (
    Part(
        number=27,
        name="simulation",
        promise="One process, crashed between any two steps, with copies, delays and disorder, by seed",
        passes="0 red seeds of 10,000: 0 lost, 0 doubled, 0 reordered, nothing half done, at every moment",
        run=one_node,
        full={"seeds": 10_000},
        quick={"seeds": 1_000},
        armed=_armed(1),
        notes="The plays are seeds 0, 1, 2 …; `python -m tests.simulation --seeds 7-7 --story` tells number 7.",
    ),
    Part(
        number=27,
        name="simulated-nodes",
        promise="Two nodes that crash, sleep past their leases, lose the database and hints, and restart, by seed",
        passes="0 red seeds of 3,000: the same, and a node that was buried neither writes a turn nor begins to send",
        run=two_nodes,
        full={"seeds": 3_000},
        quick={"seeds": 300},
        armed=_armed(2),
        notes=(
            "The shared database is a file with one writer and the clock of the play, so races of row locks are not "
            "seen here; `--nodes 2`."
        ),
    ),
)
