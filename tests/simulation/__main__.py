"""`python -m tests.simulation --seeds 0-9999 --nodes 2`: play them; red ones are told, the first with its story."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.simulation.cast import CASTS, many


def main() -> int:
    """0 when every seed is green, else 1."""
    asked = _arguments()
    cast, (first, last) = CASTS[asked.nodes], asked.seeds
    if asked.story or asked.digests:
        return _one_by_one(asked)
    began = time.perf_counter()
    found = many(asked.nodes, asked.variant, first, last, asked.processes)
    seconds = time.perf_counter() - began
    if asked.result:
        asked.result.write_text(json.dumps(found.told()), "utf-8")
    if found.red:
        print("\n".join(f"seed {seed} is red: {problem}" for seed, problem in found.red))
        with cast.stage() as play:
            print("\n".join(play(found.red[0][0], asked.variant).story[-25:]))
        print(f"again: {_again(asked, found.red[0][0])}")
        return 1
    told = ", ".join(f"{count} {what}" for what, count in sorted(found.happened.items()))
    print(f"seeds {first} to {last} are green in {seconds:.1f} s: {told}")
    return 0


def _one_by_one(asked: argparse.Namespace) -> int:
    with CASTS[asked.nodes].stage() as play:
        for seed in range(asked.seeds[0], asked.seeds[1] + 1):
            played = play(seed, asked.variant)
            if asked.story:
                print("\n".join(played.story))
            if played.problem:
                print(f"seed {seed} is red: {played.problem}")
                return 1
            if asked.digests:
                print(seed, played.digest)
    return 0


def _again(asked: argparse.Namespace, seed: int) -> str:
    which = f"--seeds {seed}-{seed} --nodes {asked.nodes} --variant {asked.variant}"
    return f"python -m tests.simulation {which} --story"


def _seeds(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    return (int(first), int(last)) if dash else (0, int(first) - 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=(0, 199), help="from-to, or how many from 0")
    parser.add_argument("--nodes", type=int, choices=sorted(CASTS), default=1, help="processes of one database")
    parser.add_argument("--variant", default="whole", help="broken on purpose, in which way")
    parser.add_argument("--processes", type=int, default=1, help="plays at once")
    parser.add_argument("--story", action="store_true", help="tell everything that happens")
    parser.add_argument("--digests", action="store_true", help="the fingerprint of each play")
    parser.add_argument("--result", type=Path, help="a JSON file for what was found")
    asked = parser.parse_args()
    if asked.variant not in CASTS[asked.nodes].variants:
        parser.error(f"--variant: choose from {', '.join(sorted(CASTS[asked.nodes].variants))}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
