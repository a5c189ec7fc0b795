"""One hall for all tests of a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.conftest import a_copy
from tests.contracts.wire.hall import Hall, a_hall


@pytest.fixture(scope="module")
async def hall(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with a_hall(tmp_path_factory.mktemp("hall"), a_copy(sqlite_file, tmp_path_factory)) as hall:
        yield hall
