"""The representative minimum: whoever reads the mailbox dies, another node reads on, and nothing is lost or doubled."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import pytest

from tests.faults.part import Servers, Trial
from tests.faults.parts import mailbox

COUNTS = {"deaths": 1, "people": 10, "rate": 8, "calm": 1, "goes_on_ms": 15_000, "patience": 60}


@pytest.mark.slow
async def test_another_node_reads_on(tmp_path: Path, postgres_url: str) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test is red
    trial = Trial(tmp_path, postgres_url, "short-leases", COUNTS, random.Random(seed), cast("Servers", None))
    assert (await mailbox.run(trial)).wrong == ()
