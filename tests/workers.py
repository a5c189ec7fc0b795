"""How tests are dealt to the workers of `pytest -n`: in their order, and what leans on one costly server together."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

#: A Spark, a shop with its browser, and a server for its enemies are started once for all tests of these folders.
TOGETHER = ("tests/analytics/", "tests/browser/", "tests/contracts/bad_input/")


def how_many() -> int:
    """Workers of `-n auto`: three for two cores, since a third of a test's time is waiting."""
    cores = os.cpu_count() or 1
    return cores + cores // 2


class ByServer(LoadFileScheduling):
    """A folder of TOGETHER is one parcel of work, elsewhere a file is. The first parcels are the longest."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), super()._split_scope(nodeid))
