"""Every platform's calls come in by the front door as the table says."""

from __future__ import annotations

import pytest

from tests.contracts.wire.calls import CALLS
from tests.contracts.wire.case import Cell, cells
from tests.contracts.wire.hall import Hall


@pytest.mark.parametrize("cell", cells(CALLS.all), ids=str)
async def test_what_is_posted(hall: Hall, cell: Cell) -> None:
    await cell.play(hall)
