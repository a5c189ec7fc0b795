"""`sim` runs a scenario on every channel's profile, and unkindly; `one_sim` on one with buttons, plainly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.kit.profiles import PROFILES
from tests.kit.simulator import MODES, Mode, Simulator

PLAIN, UNKIND = MODES
#: A screen of our own, buttons, and numbers to type: the kinds of channel that a talk without a restart may meet.
KINDS = ("webchat", "telegram", "sms")


def _worlds() -> Iterator[object]:
    """Every channel in the unkind mode, and one of each kind plainly; the others plainly are no everyday run."""
    for name in PROFILES:
        yield pytest.param((name, UNKIND), id=f"{name}-{UNKIND.name}")
        marks = () if name in KINDS else pytest.mark.long
        yield pytest.param((name, PLAIN), id=f"{name}-{PLAIN.name}", marks=marks)


@pytest.fixture(params=_worlds())
async def sim(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on each channel and in each mode."""
    name, mode = request.param
    async with Simulator(PROFILES[name], tmp_path, sqlite_url, mode) as world:
        yield world


@pytest.fixture
async def one_sim(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world, on one channel with buttons, plainly: for what does not depend on the channel."""
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, Mode("plain")) as world:
        yield world


@pytest.fixture(params=["empty_postgres", "empty_mariadb"], ids=["postgres", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database of each server."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def server_sim(server_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The world on each database server, with every message delivered twice."""
    async with Simulator(PROFILES["telegram"], tmp_path, server_url, MODES[1]) as world:
        yield world
