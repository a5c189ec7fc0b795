"""What a worker remembers of talks that go on: nothing of who was erased, and of nobody for long."""

from __future__ import annotations

import asyncio

import pytest

from bot.core.chat import Chat
from bot.core.events import ContactErased
from bot.core.router import Router
from bot.runtime import remembered as remembered_module
from tests.kit.simulator import Simulator
from tests.unit.runtime.conftest import Worlds


def echo() -> Router:
    router = Router("echo")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


def remembered(sim: Simulator) -> list[str]:
    """The names in the worker's memory."""
    return sorted(state.name for _, state in sim.runtime._worker._remembered._states.values())


async def test_who_was_erased_is_forgotten_and_nobody_else(small_world: Worlds) -> None:
    sim = await small_world([echo()])
    ann, bob = await sim.customer("Ann"), await sim.customer("Bob")
    await ann.says("hi")
    await bob.says("hi")
    assert remembered(sim) == ["Ann", "Bob"]
    sim.runtime.bus.publish(ContactErased((await ann.conversation()).contact_id))
    async with asyncio.timeout(5):
        while remembered(sim) != ["Bob"]:
            await asyncio.sleep(0)
    await ann.says("still there?")
    assert (await ann.last()).text == "Heard still there?"


async def test_nobody_is_remembered_for_long(small_world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    sim = await small_world([echo()])
    await (await sim.customer("Ann")).says("hi")
    sim.runtime._worker._remembered.forget_old()
    assert remembered(sim) == ["Ann"]
    monkeypatch.setattr(remembered_module, "REMEMBERED_FOR", 0.0)
    sim.runtime._worker._remembered.forget_old()
    assert remembered(sim) == []
