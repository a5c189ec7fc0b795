"""Our answers reach every platform as the table says."""

from __future__ import annotations

import pytest

from tests.contracts.wire.answers import ANSWERS
from tests.contracts.wire.case import Cell, cells
from tests.contracts.wire.hall import Hall


@pytest.mark.parametrize("cell", cells(ANSWERS.all), ids=str)
async def test_what_is_answered(hall: Hall, cell: Cell) -> None:
    await cell.play(hall)
