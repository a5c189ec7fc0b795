"""A database that commits and goes away before it says so: the turn was made, and is not made again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from bot.core.chat import Chat
from bot.core.events import Event, FailureCount, MessageSaid
from bot.core.router import Router
from bot.runtime import effects as effects_module
from bot.runtime import failures as failures_module
from bot.runtime import worker as worker_module
from models import Inbound, database
from tests.kit.simulator import Simulator
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import APOLOGY, Faulty, actions, mark, thread


def echo() -> Router:
    router = Router("echo")

    @router.command("mark", "note it")
    async def note(chat: Chat) -> None:
        await chat.do(mark, "noted")
        chat.say("Noted")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say(f"Heard {chat.inbound.text}")

    return router


@pytest.mark.parametrize("rest", [0.01, 0.3], ids=["before the poll", "after the poll"])
async def test_a_turn_whose_commit_was_not_told_is_not_run_again(
    world: Worlds, monkeypatch: pytest.MonkeyPatch, rest: float
) -> None:
    monkeypatch.setattr(worker_module, "BUSY_REST", rest)
    monkeypatch.setattr(effects_module, "POLL_SECONDS", 0.05)
    sim = await world([echo()])
    ann = await sim.customer("Ann")
    await ann.says("hello")
    commit, lost = database._engine.commit, ["the answer"]

    async def forgetful(connection: Any, guard: Any, queries: Any, statements: Any, begin: Any) -> Any:
        found = await commit(connection, guard, queries, statements, begin)
        if lost and any("UPDATE conversation" in sql for sql, _ in statements):
            raise ConnectionResetError(lost.pop())
        return found

    monkeypatch.setattr(database._engine, "commit", forgetful)
    await sim.runtime.accept([ann._inbound(text="hi"), ann._inbound(text="again")])
    await sim.runtime.idle()
    assert not lost
    assert await thread(f"telegram:{ann.sender}") == [
        ("customer", "hello"), ("bot", "Heard hello"),
        ("customer", "hi"), ("bot", "Heard hi"),
        ("customer", "again"), ("bot", "Heard again"),
    ]  # fmt: skip
    assert [seen.text for seen in await ann.screen()] == ["Heard hello", "Heard hi", "Heard again"]


class Screen:
    """What a live screen hears of."""

    def __init__(self, sim: Simulator) -> None:
        self.said: list[str] = []
        self.failures: list[int] = []
        sim.runtime.bus.subscribe("", self._hear)

    async def _hear(self, events: Sequence[Event]) -> None:
        self.said += [event.text for event in events if isinstance(event, MessageSaid)]
        self.failures += [event.n for event in events if isinstance(event, FailureCount)]

    async def shows(self, *said: str) -> None:
        """Returns once exactly this was heard."""
        async with asyncio.timeout(10):
            while self.said != [*said]:
                await asyncio.sleep(0.001)


def loses_an_answer(monkeypatch: pytest.MonkeyPatch, once: Callable[[], Awaitable[object]]) -> list[str]:
    """The connection ends after the first commit of a transaction since which `once` is true."""
    end, lost = database._Begun.__aexit__, ["the answer"]

    async def forgetful(self: Any, *failure: Any) -> None:
        await end(self, *failure)
        if lost and failure[0] is None and await once():
            raise ConnectionResetError(lost.pop())

    monkeypatch.setattr(database._Begun, "__aexit__", forgetful)
    return lost


async def test_the_same_for_a_turn_in_a_transaction(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "BUSY_REST", 0.01)
    sim = await world([echo()])
    ann = await sim.customer("Ann")
    await ann.says("hello")
    screen, lost = Screen(sim), loses_an_answer(monkeypatch, actions)
    await ann.says("/mark")
    await screen.shows("/mark", "Noted")  # at once, and not with the next event
    await ann.says("again")
    assert not lost
    assert await actions() == ["noted"]
    said = [text for author, text in await thread(f"telegram:{ann.sender}") if author == "bot"]
    assert said == ["Heard hello", "Noted", "Heard again"]


@pytest.mark.usefixtures("at_once")
async def test_a_turn_whose_parking_was_not_told_stays_parked(world: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures_module, "UNRECORDED_REST", 0.01)
    sim = await world([Faulty(99).router])
    ann = await sim.customer("Ann")
    screen = Screen(sim)

    async def is_parked() -> bool:
        return await Inbound.filter(state="parked").exists()

    lost = loses_an_answer(monkeypatch, is_parked)
    await ann.says("hi")
    await screen.shows("hi", APOLOGY)
    assert not lost
    assert await thread(f"telegram:{ann.sender}") == [("customer", "hi"), ("bot", APOLOGY)]
    assert [(row.state, row.attempts) for row in await Inbound.all()] == [("parked", 5)]
    async with asyncio.timeout(10):
        while screen.failures != [1]:
            await asyncio.sleep(0.001)
