"""The representative minimum: one of two real processes sleeps under load, and wakes up too late to commit anything."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import pytest

from tests.faults.part import Servers, Trial
from tests.faults.parts import death

COUNTS = {"deaths": 1, "people": 60, "rate": 60, "nap": 100, "kills": 0, "goes_on_ms": 15_000, "patience": 60}


@pytest.mark.slow
async def test_another_node_goes_on_and_the_sleeper_doubles_nothing(tmp_path: Path, postgres_url: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test is red
    trial = Trial(tmp_path, postgres_url, "short-leases", COUNTS, random.Random(seed), cast("Servers", None))
    assert (await death.run(trial)).wrong == ()
