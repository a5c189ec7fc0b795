"""`python -m tests.simulation --seeds 10000 --from 0`: play them all; the first red one is told with its story."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.play import Played, stage
from tests.simulation.variants import VARIANTS


def main() -> int:
    """0 when every seed is green, 1 at the first red one."""
    asked = _arguments()
    began, happened = time.perf_counter(), Counter[str]()
    with stage() as play:
        for seed in range(asked.first, asked.first + asked.seeds):
            story: list[str] = []
            played = play(seed, asked.variant, story)
            happened.update({"steps": played.steps} | played.happened)
            if asked.story:
                print("\n".join(story))
            if played.problem:
                print(_red(played, asked.variant, story))
                return 1
            if asked.digests:
                print(played.seed, played.digest)
    seconds = time.perf_counter() - began
    told = ", ".join(f"{count} {what}" for what, count in sorted(happened.items()) if " " not in what or count > 99)
    print(f"{asked.seeds} seeds from {asked.first} are green in {seconds:.1f} s: {told}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first one")
    parser.add_argument("--variant", choices=sorted(VARIANTS), default="whole", help="broken on purpose, in which way")
    parser.add_argument("--story", action="store_true", help="tell everything that happens")
    parser.add_argument("--digests", action="store_true", help="the fingerprint of each play")
    return parser.parse_args()


def _red(played: Played, variant: str, story: list[str]) -> str:
    again = f"python -m tests.simulation --seeds 1 --from {played.seed} --variant {variant} --story"
    return "\n".join([*story[-25:], "", f"seed {played.seed} is red: {played.problem}", f"again: {again}"])


if __name__ == "__main__":
    sys.exit(main())
