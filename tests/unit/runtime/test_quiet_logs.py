"""What the runtime logs of an error that nobody expected: its type and place. Its words may quote a customer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from bot.core.chat import Chat
from bot.core.errors import Final
from bot.core.events import Event, RowChanged
from bot.core.router import Router
from bot.runtime.bus import Bus
from tests.unit.runtime.conftest import Worlds

SECRET = "my secret address"


def told(caplog: pytest.LogCaptureFixture, action: str) -> logging.LogRecord:
    """The one record of `action`; nothing that was logged has the secret in it."""
    formatter = logging.Formatter()
    assert all(SECRET not in formatter.format(record) + str(record.__dict__) for record in caplog.records)
    [record] = [record for record in caplog.records if getattr(record, "action", "") == action]
    return record


@pytest.mark.parametrize("error", [Final(SECRET), ValueError(SECRET)], ids=["parked", "tried again"])
async def test_an_effect(small_world: Worlds, caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Heard")

    sim = await small_world([router])
    sim.channel.failures.append(error)
    ann = await sim.customer()
    await sim.runtime.accept([ann._inbound(text=SECRET)])
    async with asyncio.timeout(10):
        while not any(getattr(record, "action", "") == "effect.failed" for record in caplog.records):
            await asyncio.sleep(0.01)
    record = told(caplog, "effect.failed")
    assert record.__dict__["error"].endswith(type(error).__name__)
    assert "simulator.py" in record.__dict__["place"]


async def test_a_subscriber_of_the_bus(caplog: pytest.LogCaptureFixture) -> None:
    bus, called = Bus(), asyncio.Event()

    async def falls(events: Sequence[Event]) -> None:
        called.set()
        raise ValueError(SECRET)

    bus.subscribe("", falls)
    bus.publish(RowChanged(1))
    await called.wait()
    await asyncio.sleep(0)
    assert told(caplog, "bus.callback").__dict__["error"] == "ValueError"
    await bus.close()


@pytest.mark.usefixtures("at_once")
async def test_a_turn(small_world: Worlds, caplog: pytest.LogCaptureFixture) -> None:
    router = Router("faulty")

    @router.fallback
    async def answer(chat: Chat) -> None:
        if not chat.inbound.text.startswith("good"):
            raise ValueError(chat.inbound.text)

    sim = await small_world([router])
    await (await sim.customer()).says(SECRET)
    records = [record for record in caplog.records if getattr(record, "action", "") == "turn.failed"]
    assert {record.__dict__["error"] for record in records} == {"ValueError"}
    assert all(SECRET not in str(record.__dict__) for record in records)
