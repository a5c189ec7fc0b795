"""A run of the upgrade that has no release before to upgrade from does not pass as one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import cast

import pytest

from tests.faults import releases
from tests.faults.part import WHOLE, Servers, Trial
from tests.faults.parts.upgrade import PART


async def test_without_the_history_the_upgrade_is_red_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "ROOT", tmp_path)  # as where the program was unpacked, and not cloned
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    trial = Trial(tmp_path / "trial", "postgres://nowhere", WHOLE, PART.quick, random.Random(1), cast("Servers", None))
    found = await PART.run(trial)
    assert found.wrong == (
        f"the release before ({releases.BEFORE}) is not in the history here: `git fetch --unshallow`",
    )
