"""What arrived is queued once, however often the table is looked at meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.message import Inbound
from bot.core.shard import SHARDS
from bot.runtime import intake as intake_module
from bot.runtime.intake import Intake
from bot.runtime.lanes import Lanes
from bot.runtime.lease import Lease
from bot.runtime.ledger import Waiting


class Shared(Lease):
    """One of several nodes."""

    is_shared = True


async def test_what_an_earlier_look_found_and_handled_is_not_queued_when_its_arrival_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lanes, pending = Lanes(), [7]
    one = Waiting(7, Inbound("telegram", "7", "ann"))

    async def fetch(sql: str, values: Sequence[Any]) -> list[dict[str, int]]:
        return [{"id": id_} for id_ in pending]

    async def read(ids: Sequence[int]) -> list[Waiting]:
        return [one for id_ in ids if id_ == one.id]

    monkeypatch.setattr(intake_module, "fetch", fetch)
    monkeypatch.setattr(intake_module, "read_inbounds", read)
    intake = Intake(lanes, Shared(), 100, lambda _: None)
    intake.gain(range(SHARDS))
    await intake._take_in()
    [head] = await lanes.take(5)
    lanes.done(head)
    pending.clear()
    intake.arrived([one])
    await intake._take_in()
    assert lanes.size == 0


async def test_what_no_hint_tells_of_is_found_however_much_arrives_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that hears no hints of the others and is busy itself."""
    pending, looked, found = list[int](), asyncio.Event(), asyncio.Event()

    async def fetch(sql: str, values: Sequence[Any]) -> list[dict[str, int]]:
        if "lane IN" in sql:
            return []
        looked.set()
        return [{"id": id_} for id_ in pending]

    async def read(ids: Sequence[int]) -> list[Waiting]:
        found.set()
        return [Waiting(id_, Inbound("telegram", "7", "ann")) for id_ in ids]

    monkeypatch.setattr(intake_module, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(intake_module, "fetch", fetch)
    monkeypatch.setattr(intake_module, "read_inbounds", read)
    intake = Intake(Lanes(), Shared(), 100, lambda _: None)
    intake.gain(range(SHARDS))
    await intake.start()
    await looked.wait()
    pending.append(7)  # another node has kept it
    async with asyncio.timeout(5):
        while not found.is_set():
            intake.arrived([Waiting(8, Inbound("telegram", "8", "bob"))])
            await asyncio.sleep(0.005)
    await intake.stop()


async def test_what_is_known_already_is_looked_for_before_this_node_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A duplicate of what a buried node kept, told while the table is looked at for the last time."""
    reading, let = asyncio.Event(), asyncio.Event()

    async def fetch(sql: str, values: Sequence[Any]) -> list[dict[str, int]]:
        reading.set()
        await let.wait()
        return []

    monkeypatch.setattr(intake_module, "fetch", fetch)
    lease = Shared()
    lease.gain(range(SHARDS))
    intake = Intake(Lanes(), lease, 100, lambda _: None)
    intake.gain(range(SHARDS))
    await intake.start()
    alone = asyncio.create_task(intake.be_alone())
    await reading.wait()
    intake.known()
    let.set()
    await alone
    assert not intake.is_alone
    await intake.be_alone()
    assert intake.is_alone
    intake.known()
    assert not intake.is_alone
    await intake.stop()
