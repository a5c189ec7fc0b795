"""Promises that ordinary tests prove: a part that runs named files in a process of its own, and counts their cases.

Its broken variants reach every process of that run (`arming/sitecustomize.py`); the cases must then be red.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.kit.cases import ALL
from tests.servers import dies_with_us

ROOT = Path(__file__).parents[2]
ARMING = Path(__file__).parent / "arming"
#: For all cases of a part, seconds.
PATIENCE = 900.0
MOST_NAMED = 3
#: What a file of tests that makes cases up begins with, see there.
_MADE_UP = "from tests.kit.cases import cases\n"


def made_up(*folders: str) -> list[str]:
    """The files of tests there that make cases up: a channel that is new, too, is found by its own."""
    files = (path for folder in folders for path in sorted((ROOT / folder).rglob("test_*.py")))
    return [str(path.relative_to(ROOT)) for path in files if _MADE_UP in path.read_text("utf-8")]


def proven(
    number: int,
    name: str,
    promise: str,
    passes: str,
    cases: Sequence[str],
    *,
    armed: Mapping[str, Sequence[str]],
    notes: str = "",
) -> Part:
    """A part of `cases`, files or single tests; `armed` tells which of them must be red under each variant.

    At quick counts the others are left out: they are run with all tests.
    """

    telling = tuple(dict.fromkeys(case for some in armed.values() for case in some))

    async def run(trial: Trial) -> Findings:
        whole = cases if trial.counts["all_cases"] else telling
        return await _run(trial, whole if trial.variant == WHOLE else armed[trial.variant])

    files = ", ".join(dict.fromkeys(case.partition("::")[0] for case in cases))
    return Part(
        number=number,
        name=name,
        promise=promise,
        passes=passes,
        run=run,
        full={"all_cases": 1},
        quick={"all_cases": 0},
        armed={variant: {} for variant in armed},
        databases=("tests",),
        notes=f"The cases are those of {files}. {notes}".strip(),
    )


async def _run(trial: Trial, cases: Sequence[str]) -> Findings:
    report = trial.folder / "report.xml"
    words = [*dies_with_us("TERM"), sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", ""]
    words += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # what is broken is loaded before pytest
    if trial.variant != WHOLE:
        words += ["-x"]  # one red case is enough
    with (trial.folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *words, f"--basetemp={trial.folder / 'cases'}", f"--junitxml={report}", *cases,
            cwd=ROOT, env=_environment(trial.variant), stdout=log, stderr=log,
        )  # fmt: skip
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if not report.exists():
        raise RuntimeError((trial.folder / "log").read_text("utf-8", "replace")[-3000:])
    found = read(report)
    if trial.variant != WHOLE and 0 < found.figures["red"] == found.figures["unready"]:
        raise RuntimeError(f"{trial.variant} does not even start: " + (trial.folder / "log").read_text()[-2000:])
    return found


def _environment(variant: str) -> dict[str, str]:
    if variant == WHOLE:
        return os.environ | {ALL: "all"}
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(ARMING), str(ROOT))), "PARLEY_BROKEN": variant}


def read(report: Path) -> Findings:
    """What a report of pytest (JUnit's XML) says: how many cases there were, and which of them are red."""
    cases = [*ElementTree.parse(report).getroot().iter("testcase")]
    red = [case.get("name", "").partition("[")[0] for case in cases if _has(case, "failure", "error")]
    unready = sum(_has(case, "error") for case in cases)  # a fixture failed, so the case has shown nothing
    skipped = sum(_has(case, "skipped") for case in cases)
    wrong = []
    if red:
        wrong.append(f"{len(red)} of {len(cases)} cases are red: {', '.join([*dict.fromkeys(red)][:MOST_NAMED])}")
    if skipped == len(cases):
        wrong.append("no case was run")
    return Findings(
        {"cases": len(cases) - skipped, "red": len(red), "unready": unready, "skipped": skipped}, tuple(wrong)
    )


def _has(case: ElementTree.Element, *names: str) -> bool:
    return any(case.find(name) is not None for name in names)
