"""The representative minimum: the way of one of two real nodes to Valkey goes deaf, and the screens at both go on."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.outages import KINDS
from tests.faults.part import WHOLE, Trial
from tests.faults.parts import relay
from tests.faults.real_servers import RealServers


@pytest.mark.slow
async def test_where_one_node_is_cut_off_from_what_connects_them_nobody_waits_long(
    tmp_path: Path, postgres_url: str
) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test is red
    counts = {**relay.PART.quick, **dict.fromkeys(KINDS, 0), "deaf": 1}
    with RealServers() as servers:
        trial = Trial(tmp_path, postgres_url, WHOLE, counts, random.Random(seed), servers)
        assert (await relay.run(trial)).wrong == ()
