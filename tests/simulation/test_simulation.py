"""Seeds of one node and of two are green, a seed is the same play everywhere, and every variant is noticed in them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.cast import CASTS, NOTICED, many
from tests.simulation.database import disk, reading
from tests.simulation.loop import SimulatedLoop

ROOT = Path(__file__).parents[2]
#: By nodes: how many are played every day, and what must have happened in them.
SEEDS = {1: 200, 2: 24}
HAPPENS = {
    1: {
        "crash",
        "stop",
        "rest",
        "take over",
        "give back",
        "force",
        "say",
        "retry effect",
        "refused",
        "untold",
        "duplicate",
    },
    2: {"crash", "stop", "rest", "take over", "give back", "sleep", "away", "repeat", "refused", "duplicate"},
}


@pytest.mark.slow
@pytest.mark.parametrize("nodes", CASTS)
def test_every_seed_keeps_every_promise(nodes: int) -> None:
    found = many(nodes, "whole", 0, SEEDS[nodes] - 1)
    assert found.red == []
    assert found.happened.keys() >= HAPPENS[nodes]


def test_what_a_crash_has_left_open_is_nothing_to_the_next_play() -> None:
    """A cursor that a crash has cut off stays in a traceback, and SQLite keeps its file open until it is collected."""
    loop = SimulatedLoop()
    try:
        with disk(loop) as made:
            for _ in range(2):
                made.clear()
                writer = sqlite3.connect(made.path, isolation_level=None)
                assert writer.execute("PRAGMA user_version").fetchone() == (0,)
                writer.execute("PRAGMA user_version = 1")
                left = reading(made.path)
                cut_off = left.execute("SELECT name FROM sqlite_master")
                assert cut_off.fetchone() is not None
                left.close()
                writer.close()
    finally:
        loop.close()


BROKEN = [(nodes, name) for nodes, cast in CASTS.items() for name in cast.variants if name != "whole"]


@pytest.mark.parametrize(("nodes", "variant"), BROKEN)
def test_a_runtime_that_is_broken_on_purpose_is_noticed(nodes: int, variant: str) -> None:
    first = NOTICED[nodes].get(variant, 0)
    assert many(nodes, variant, first, first + 199).red


@pytest.mark.parametrize("count", sorted(CASTS))
def test_a_seed_is_the_same_play_in_a_new_process_as_after_any_other(count: int) -> None:
    """What a red seed is played again for: alone, where others had been played before it."""
    with CASTS[count].stage() as play:
        digests = [play(seed).digest for seed in range(4)]
    words = [sys.executable, "-m", "tests.simulation", "--seeds", "3-3", "--nodes", str(count), "--digests"]
    again = subprocess.run(words, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, check=True)
    assert again.stdout.decode() == f"3 {digests[3]}\n"
    assert len(set(digests)) == 4
