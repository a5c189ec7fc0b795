"""What a message costs stage by stage: several rounds in one process, and the median of each stage, in microseconds."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import uvloop

Cost = dict[str, float]
"""`clock_us` and `processor_us` (all threads) a message."""

Measure = Callable[[Path, int], Coroutine[None, None, dict[str, Cost]]]
"""One round in an empty folder, with so many messages: the cost of each stage."""


async def cost(work: Awaitable[object], total: int) -> Cost:
    """What this work costs for each of its messages."""
    wall, processor = time.perf_counter(), time.process_time()
    await work
    ended, used = time.perf_counter() - wall, time.process_time() - processor
    return {"clock_us": ended * 1e6 / total, "processor_us": used * 1e6 / total}


def run(benchmark: str, measure: Measure, options: argparse.Namespace) -> dict[str, Any]:
    """All rounds; the first one only warms up."""
    rounds: list[dict[str, Cost]] = []
    for _ in range(options.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(uvloop.run(measure(Path(folder), options.total)))
    kept = rounds[1:]
    stages = {
        stage: {figure: round(statistics.median(one[stage][figure] for one in kept)) for figure in kept[0][stage]}
        for stage in kept[0]
    }
    return {"benchmark": benchmark, "rounds": options.rounds, "total": options.total, "stages": stages}


def main(benchmark: str, description: str | None, measure: Measure) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("rounds", 5), ("total", 4800)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(benchmark, measure, parser.parse_args()), indent=2))
