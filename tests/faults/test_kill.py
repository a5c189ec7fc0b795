"""The representative minimum of the programme: kill -9 under load, whole and broken on purpose, on each database."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import pytest

from tests.faults.part import WHOLE, Findings, Servers, Trial
from tests.faults.parts.kill import PART

COUNTS = {"kills": 3, "people": 40, "rate": 60, "longest": 0.6}


async def killed(folder: Path, url: str, variant: str, kills: int) -> Findings:
    """The part with small counts; how long a start takes is no question of this test."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it where the test is red
    counts = COUNTS | {"kills": kills, "ready_ms": 60_000}
    return await PART.run(Trial(folder, url, variant, counts, random.Random(seed), cast("Servers", None)))


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_reordered_on_sqlite(tmp_path: Path) -> None:
    assert (await killed(tmp_path, f"sqlite://{tmp_path / 'parley.db'}", WHOLE, 3)).wrong == ()


@pytest.mark.slow
async def test_nothing_is_lost_doubled_or_reordered_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    assert (await killed(tmp_path, postgres_url, WHOLE, 2)).wrong == ()


@pytest.mark.long
async def test_nothing_is_lost_doubled_or_reordered_on_mariadb(tmp_path: Path, mariadb_url: str) -> None:
    assert (await killed(tmp_path, mariadb_url, WHOLE, 1)).wrong == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variant", "fault"),
    [("acknowledges-first", "lost"), pytest.param("no-unique-key", "doubled", marks=pytest.mark.long)],
)
async def test_a_process_that_is_broken_on_purpose_is_noticed(tmp_path: Path, variant: str, fault: str) -> None:
    found = await killed(tmp_path, f"sqlite://{tmp_path / 'parley.db'}", variant, 1)
    assert found.figures[fault] > 0
