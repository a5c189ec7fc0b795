"""Runs the programme of faults, keeps each result as a JSON file, and writes docs/reliability.md from them.

    python -m tests.faults [NAME ...] [--quick] [--seed N] [--armed] [--page]

Without names all parts run: several side by side, and those about time and memory one after the other. `--quick` is a
tenth of the counts, on one database and with one broken variant of each part, which the seed chooses: some ten minutes
on two cores. A red run prints its seed, and `--seed` runs it again. `--page` only writes the page.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time

import uvloop

from tests.faults import page
from tests.faults.programme import PARTS
from tests.faults.real_servers import RealServers
from tests.faults.run import Programme, held, keep


async def main(options: argparse.Namespace) -> int:
    """The exit code: 1 when a promise did not hold or a broken variant was not caught."""
    began, red = time.monotonic(), list[str]()
    with RealServers() as servers:
        took = {name: result["seconds"] for name, result in page.kept().items()}
        names = sorted(options.names or PARTS, key=lambda name: -took.get(name, math.inf))  # the longest begin first
        parts = [(PARTS[name], _seed(options)) for name in names]
        for part, seed in parts:
            print(f"{part.name}: seed {seed}", file=sys.stderr)
        programme = Programme(parts, servers, quick=options.quick, only_armed=options.armed)
        async for name, result in programme.results():
            if result and not options.armed:
                print(f"kept in {keep(result).name}", file=sys.stderr)
            red += [] if result and held(result) else [name]
    print(f"{len(parts)} parts in {time.monotonic() - began:.0f} s")
    print(f"red: {', '.join(red)}" if red else "every promise held, and every broken variant was caught")
    return 1 if red else 0


def _seed(options: argparse.Namespace) -> int:
    return random.randrange(10**6) if options.seed is None else int(options.seed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a tenth of the counts")
    parser.add_argument("--seed", type=int, help="run the chance of an earlier run again")
    parser.add_argument("--armed", action="store_true", help="only the broken variants; nothing is kept")
    parser.add_argument("--page", action="store_true", help="only write docs/reliability.md again")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    code = 0 if chosen.page else uvloop.run(main(chosen))
    page.write()
    sys.exit(code)
