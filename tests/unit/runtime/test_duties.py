"""Who asks a platform does so beside the lease: one that hangs, or refuses us, costs nobody else anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.core.deadline import elapsed
from bot.core.errors import ConfigError
from bot.core.message import Inbound
from bot.core.ports import Accept
from bot.core.router import Router
from bot.runtime import cluster, duties, roll
from bot.runtime.lease import Lease
from models import Duty
from models.database import close_database, open_database
from tests.kit.profiles import TELEGRAM
from tests.kit.several import ACCOUNT, TERMS, Several, until
from tests.kit.simulator import SimChannel


class Pulling(SimChannel):
    """Asks its platform, which hangs or refuses as the test says."""

    pulls = True

    def __init__(self) -> None:
        super().__init__(ACCOUNT, TELEGRAM)
        self.starts = 0
        self.is_asking = False
        self.answers, self.lets_go = asyncio.Event(), asyncio.Event()
        self.answers.set()
        self.lets_go.set()
        self.refusals: list[Exception] = []

    async def start(self, accept: Accept) -> None:
        self.starts += 1
        await self.answers.wait()
        if self.refusals:
            raise self.refusals.pop(0)
        self.is_asking = True

    async def stop(self) -> None:
        await self.lets_go.wait()
        self.is_asking = False


@pytest.fixture
async def several(empty_postgres: str, tmp_path: Path) -> AsyncIterator[Several]:
    await open_database(empty_postgres)
    made = Several([Router("none")], tmp_path)
    yield made
    await made.close()
    await close_database()


async def taken_over(several: Several, second: Pulling) -> None:
    """The first node ends, and the second one begins to ask."""
    first = await several.joins(channel=Pulling())
    await several.joins(channel=second)
    await several.leaves(first)
    await until(lambda: second.starts)


async def test_a_platform_that_hangs_does_not_cost_the_lease(several: Several) -> None:
    second, lost = Pulling(), cluster.LOST._value.get()
    second.answers.clear()
    await taken_over(several, second)
    [node] = several.nodes
    lease = node.runtime._lease
    before = lease.until
    await until(lambda: lease.until > before + TERMS.lease)  # renewed, time and again
    assert (cluster.LOST._value.get(), second.starts) == (lost, 1)
    second.answers.set()
    await until(lambda: second.is_asking)


async def test_nor_does_one_that_does_not_let_go(several: Several, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "PATIENCE", 0.1)
    channel = Pulling()
    node = await several.joins(channel=channel)
    channel.lets_go.clear()
    await node.stops_renewing()
    await until(lambda: node.is_late)
    await node.wakes()
    await until(lambda: node.keeps)
    assert (channel.is_asking, channel.starts) == (True, 1)  # it ends first
    channel.lets_go.set()
    await until(lambda: channel.starts == 2 and channel.is_asking)


async def test_an_account_that_was_refused_is_tried_again(
    several: Several, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(duties, "AGAIN", 0.3)
    second = Pulling()
    second.refusals = [ConfigError("one login too many"), OSError("no route")]
    with caplog.at_level(logging.WARNING):
        await taken_over(several, second)
        await until(lambda: second.is_asking)
    assert second.starts == 3
    told = [record for record in caplog.records if getattr(record, "action", "") == "duty.refused"]
    assert [(record.account, record.error) for record in told] == [(ACCOUNT, "ConfigError"), (ACCOUNT, "OSError")]  # type: ignore[attr-defined]
    assert "one login too many" in told[0].getMessage()
    assert await Duty.all().count() == 1


@pytest.mark.parametrize("begins_anew", [False, True])
async def test_a_node_that_loses_its_lease_while_it_takes_a_duty_does_not_ask(
    begins_anew: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, channel = Lease(), Pulling()
    lease.begin(1, elapsed() + 60)

    async def kept(inbounds: Sequence[Inbound]) -> int:
        return len(inbounds)

    own = duties.Duties({ACCOUNT: channel}, lease, kept)

    async def taken(_name: str, _node: int) -> bool:
        lease.end()
        await own.rest()
        if begins_anew:
            lease.begin(2, elapsed() + 60)
        return True

    monkeypatch.setattr(roll, "take_duty", taken)
    await own.look()
    assert own._tasks == {}


async def test_a_mistake_in_the_settings_is_told_at_the_first_start(several: Several) -> None:
    channel = Pulling()
    channel.refusals = [ConfigError("no such bot")]
    with pytest.raises(ConfigError, match="no such bot"):
        await several.joins(channel=channel)


async def test_a_node_that_ends_while_a_platform_hangs_starts_nothing_more(several: Several) -> None:
    second = Pulling()
    second.answers.clear()
    await taken_over(several, second)
    [node] = several.nodes
    assert node.runtime._node is not None
    start = node.runtime._node.duties._tasks[ACCOUNT]
    await several.leaves(node)
    assert start.cancelled()
