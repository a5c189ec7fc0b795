"""Writes docs/reliability.md from the kept results: promise, test, counts, result; and what channels are held to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.contracts.wire import table
from tests.faults.part import Part
from tests.faults.programme import NOT_YET, PARTS
from tests.faults.run import RESULTS, held

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
Json = dict[str, Any]

HEAD = """\
# Reliability

Written by `scripts/faults` from `tests/faults/results/`: what was really run, and what it found. An oracle outside of
the process writes down what it was told and what people saw; the comparison with the database is the verdict. Each part
runs again on processes that are broken on purpose, and counts only if it catches every one of them. A quick run has one
of a part's databases, and tries one of its broken variants; both change with the seed.

`scripts/faults` runs all at full counts, `scripts/faults --quick` at about a tenth, and `scripts/faults NAME ...`
single parts; `--seed` repeats the chance of a red run. A database is named where a part runs on more than one. Three
trials are under way at once on two cores; after them those about time or memory run one by one.
"""


def kept(folder: Path = RESULTS) -> dict[str, Json]:
    """The result of each part: the full one where there is one, else the quick one."""
    found: dict[str, Json] = {}
    for file in sorted(folder.glob("*.json"), reverse=True):  # "-quick" before "-full"
        result = json.loads(file.read_text("utf-8"))
        found[result["part"]] = result
    return found


def text(results: Mapping[str, Json]) -> str:
    """The page."""
    return "\n".join(
        [HEAD, _promises(results), _notes(), table.text(), _figures(results), _armed(results), _runs(results)]
    )


def _promises(results: Mapping[str, Json]) -> str:
    rows = [(part.number, _row(part, results.get(part.name))) for part in PARTS.values()]
    rows += [(number, (str(number), what, "", "", f"**not yet**: {why}")) for number, what, why in NOT_YET]
    ordered = [row for _, row in sorted(rows, key=lambda one: one[0])]
    return _table(("", "promise", "passes at", "counts", "result"), ordered)


def _row(part: Part, result: Json | None) -> tuple[str, ...]:
    name = f"{part.promise} (`{part.name}`)"
    if result is None:
        return str(part.number), name, part.passes, "", "**not run yet**"
    counts = ", ".join(f"{key} {value:g}" for key, value in result["counts"].items())
    size = _size(result) + (f": {counts}" if counts else "")
    return str(part.number), name, part.passes, size, _verdict(result)


def _size(result: Json) -> str:
    return "quick" if result["quick"] else "full"


def _verdict(result: Json) -> str:
    if held(result):
        return _caught(len(result["armed"]), len(PARTS[result["part"]].armed))
    found = [f"{where}: {'; '.join(one['wrong'])}" for where, one in result["whole"].items() if one["wrong"]]
    missed = [variant for variant, one in result["armed"].items() if not one["wrong"]]
    found += [f"the broken variant {variant} was not caught" for variant in missed]
    return f"**did not hold**: {'; '.join(found)}"


def _caught(tried: int, known: int) -> str:
    """A quick run tries one of them; and a variant may be younger than the run."""
    if tried < known:
        return f"held; tried and caught: {tried} of {known} broken variants"
    return "held; every broken variant was caught"


def _notes() -> str:
    return "\n".join(f"- `{part.name}`: {part.notes}" for part in PARTS.values() if part.notes) + "\n"


def _figures(results: Mapping[str, Json]) -> str:
    rows = [
        (part, where, ", ".join(f"{key} {value}" for key, value in one["figures"].items()))
        for part, result in results.items()
        for where, one in result["whole"].items()
    ]
    return "## What was measured\n\n" + _table(("part", "database", "figures"), rows)


def _armed(results: Mapping[str, Json]) -> str:
    rows = [
        (part, variant, "; ".join(one["wrong"]) or "**not caught**")
        for part, result in results.items()
        for variant, one in result["armed"].items()
    ]
    return "## Broken on purpose, and caught\n\n" + _table(("part", "variant", "what gave it away"), rows)


def _runs(results: Mapping[str, Json]) -> str:
    rows = [
        (part, result["at"][:16].replace("T", " "), str(result["seed"]), f"{result['seconds']} s", result["machine"],
         str(result["load_average_before"]))
        for part, result in results.items()
    ]  # fmt: skip
    head = (
        "## When and where\n\nThe time is the sum of a part's trials. A load average above the number of cores "
        "means that others were at work.\n\n"
    )
    return head + _table(("part", "UTC", "seed", "took", "machine", "load average before"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write() -> None:
    """Write the page again."""
    PAGE.write_text(text(dict(sorted(kept().items()))), "utf-8")
