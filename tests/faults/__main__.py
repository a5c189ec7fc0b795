"""Runs the programme of faults, keeps each result as a JSON file, and writes docs/reliability.md from them.

    python -m tests.faults [NAME ...] [--quick] [--seed N] [--page]

Without names all parts run, one after the other. `--quick` is a tenth of the counts, within ten minutes. A red run
prints its seed, and `--seed` runs it again. `--page` only writes the page.
"""

from __future__ import annotations

import argparse
import random
import sys

import uvloop

from tests.faults import page
from tests.faults.programme import PARTS
from tests.faults.run import RealServers, held, keep, run


async def main(options: argparse.Namespace) -> int:
    """The exit code: 1 when a promise did not hold or a broken variant was not caught."""
    red = []
    with RealServers() as servers:
        for name in options.names or list(PARTS):
            seed = random.randrange(10**6) if options.seed is None else options.seed
            print(f"{name}: seed {seed}", file=sys.stderr)
            result = await run(PARTS[name], servers, quick=options.quick, seed=seed, only_armed=options.armed)
            if not options.armed:
                print(f"kept in {keep(result).name}", file=sys.stderr)
            red += [] if held(result) else [name]
    print(f"red: {', '.join(red)}" if red else "every promise held, and every broken variant was caught")
    return 1 if red else 0


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
