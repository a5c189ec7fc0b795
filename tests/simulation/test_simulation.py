"""200 seeds of the simulation are green, the same seed is the same play, and every variant is noticed within them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulation.play import Played, stage
from tests.simulation.variants import VARIANTS

ROOT = Path(__file__).parents[2]
SEEDS = 200
Playing = Callable[..., Played]


@pytest.fixture(scope="module")
def play() -> Iterator[Playing]:
    """Plays a seed, on one disk for all."""
    with stage() as playing:
        yield playing


@pytest.mark.slow
def test_every_seed_keeps_every_promise(play: Playing) -> None:
    played = [play(seed) for seed in range(SEEDS)]
    assert [(one.seed, one.problem) for one in played if one.problem] == []
    happened = {what for one in played for what in one.happened}
    assert happened >= {"crash", "stop", "rest", "take over", "give back", "force", "say", "retry effect", "refused"}


@pytest.mark.parametrize("variant", sorted(VARIANTS.keys() - {"whole"}))
def test_a_runtime_that_is_broken_on_purpose_is_noticed(play: Playing, variant: str) -> None:
    assert any(play(seed, variant).problem for seed in range(SEEDS))


def test_a_seed_is_the_same_play_in_every_process() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--seeds", "8", "--digests"]
    told = [
        subprocess.run(words, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": salt}, capture_output=True, check=True)
        for salt in ("1", "2")
    ]
    first, second = (one.stdout.decode().splitlines()[:8] for one in told)
    assert first == second
    assert len({line.split()[1] for line in first}) == 8
