"""Calls each operation of the API as its document tells of it, rightly and wrongly, as everybody who may or may not.

    python -m tests.openapi [PATTERN] [--rounds N] [--calls N] [--no-edges] [--seed N]

PATTERN is for operations, such as "POST /api/desk/orders". A round makes so many right and as many wrong calls of each,
the first one also those with values at the edges; what a round made is found by the next one. A run prints its seed:
`--seed` runs it again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.openapi.calling import Calls
from tests.openapi.world import world


def main() -> int:
    """The exit code: 1 when an answer was not as the document says."""
    parser = argparse.ArgumentParser(prog="scripts/openapi", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pattern", nargs="?", default="", metavar="PATTERN", help="only operations that have this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=25, help="right and as many wrong ones, of each operation")
    parser.add_argument("--no-edges", action="store_true", help="none with values at the edges, which are the most")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    return asyncio.run(_run(parser.parse_args()))


async def _run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as there:
            calls = Calls(there.url, there.document, there.callers, there.known, options.seed)
            for number in range(options.rounds):
                calls.seed = options.seed + number
                edges = number == 0 and not options.no_edges
                await asyncio.to_thread(calls.run, options.calls, options.calls, edges=edges, only=options.pattern)
    _tell(calls)
    print(f"seed {options.seed}", file=sys.stderr)
    return 1 if calls.wrong else 0


def _tell(calls: Calls) -> None:
    by_caller: dict[str, Counter[int]] = {}
    for (caller, _, status), count in calls.statuses.items():
        by_caller.setdefault(caller, Counter())[status] += count
    for caller, found in by_caller.items():
        print(f"{caller}: " + ", ".join(f"{status} {count}" for status, count in sorted(found.items())))
    told = {operation for _, operation, _ in calls.statuses}
    well = {operation for _, operation, status in calls.statuses if status < 300}
    print(f"{len(told)} operations, {sum(calls.statuses.values())} calls; never with success: {len(told - well)}")
    print("\n".join(f"  {operation}" for operation in sorted(told - well)))
    for wrong in dict.fromkeys(calls.wrong):
        print(f"WRONG {wrong}")


if __name__ == "__main__":
    sys.exit(main())
